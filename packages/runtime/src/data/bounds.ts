/** Refuses options out of their range when they are given: a bound that is none would later do nothing and say nothing. */

type Values = Readonly<Record<string, number>>

/** Whole numbers. Infinity is one where `most` is. @throws RangeError with the option's name and value */
export function checkWhole(least: number, most: number, values: Values): void {
  for (const [name, value] of Object.entries(values)) {
    const isWhole = Number.isSafeInteger(value) || value === Infinity
    if (isWhole && value >= least && value <= most) continue
    throw new RangeError(`${name} is ${value}: whole, from ${least}${most < mostCounted ? ` to ${most}` : ''}`)
  }
}

/** As many as can be counted one by one: no bound to speak of, but a number. */
export const mostCounted = Number.MAX_SAFE_INTEGER

/** @throws RangeError with the option's name and value */
export function checkWithin(least: number, most: number, values: Values): void {
  for (const [name, value] of Object.entries(values))
    if (!(value >= least && value <= most)) throw new RangeError(`${name} is ${value}: from ${least} to ${most}`)
}
