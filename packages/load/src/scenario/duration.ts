/** Lengths of time as people write them: `200ms`, `1.5s`, `2m`. */
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Milliseconds; undefined when it is not a number with a unit. */
export function durationMs(text: string): number | undefined {
  const [, amount, unit] = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)\s*$/.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount) * UNITS_MS[unit!]!
}
