/** Ranks of a list, equal values sharing the mean of theirs, which every rank method here starts from. */

/** Rank of each value in its own place, 1 for the smallest; ties get their mid-rank, so ranks are whole or halves. */
export function midRanks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((left, right) => values[left]! - values[right]!)
  const ranks = new Float64Array(values.length)
  for (let first = 0; first < order.length;) {
    let next = first + 1
    while (next < order.length && values[order[next]!] === values[order[first]!]) next++
    for (let at = first; at < next; at++) ranks[order[at]!] = (first + 1 + next) / 2
    first = next
  }
  return [...ranks]
}
