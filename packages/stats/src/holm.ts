/** Holm's step-down correction: several questions asked at once raise no more false alarms than one. */

/** Adjusted p-values in the order given; each may be compared with the level itself. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, at) => at).sort((left, right) => pValues[left]! - pValues[right]!)
  const adjusted = new Float64Array(pValues.length)
  let largest = 0
  for (const [place, at] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - place) * pValues[at]!))
    adjusted[at] = largest
  }
  return [...adjusted]
}
