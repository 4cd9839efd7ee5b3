/** Durations as people say them: `'250ms'`, `'30s'`, `'5m'`, `'12h'`, `'7d'`. */

export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const msOfUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @throws RangeError for what is none */
export function msOf(duration: Duration): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|[smhd])$/.exec(duration) ?? []
  if (amount === undefined)
    throw new RangeError(`a duration is written as '250ms', '30s', '5m', '12h' or '7d', not '${duration}'`)
  return Number(amount) * msOfUnit[unit!]!
}
