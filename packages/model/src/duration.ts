/** Lengths of time as people write them, `300us`, `200ms`, `1.5s`, `2m` or `2min`, `8h`: the same wherever one may be written. */

/** Milliseconds in one of each, in the order they are named to a reader. */
export const durationUnitsMs: Readonly<Record<string, number>> = {
  us: 0.001,
  µs: 0.001,
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
}

const amount = String.raw`\d+(?:\.\d+)?`
const unit = Object.keys(durationUnitsMs).join('|')

/** Source of an expression without groups of its own, for texts that have more in them than a time. */
export const durationPattern = String.raw`${amount}\s*(?:${unit})`

const duration = new RegExp(String.raw`^\s*(${amount})\s*(${unit})\s*$`)

/** Milliseconds; undefined for what is not a number with a unit. */
export function durationMs(text: string): number | undefined {
  const [, number = '', name = ''] = duration.exec(text) ?? []
  const unitMs = durationUnitsMs[name]
  if (unitMs === undefined) return undefined
  // Divided rather than multiplied, 9us are 0.009 and not 0.009000000000000001.
  return unitMs < 1 ? Number(number) / (1 / unitMs) : Number(number) * unitMs
}
