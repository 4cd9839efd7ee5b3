/** How long an answer may be kept, written with its unit: `'30s'`, `'1m'`, `'12h'`, `'7d'`. */

export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`

const secondsOfUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** RFC 9111 §1.2.2: caches need not understand more, and 2^31 stands for "forever". */
const most = 2 ** 31

/** Whole seconds, as HTTP counts them. @throws RangeError for what is no duration, or below a second and not 0 */
export function secondsOf(duration: Duration): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(duration) ?? []
  const seconds = Number(amount) * (secondsOfUnit[unit ?? ''] ?? NaN)
  if (!(seconds === 0 || seconds >= 1))
    throw new RangeError(`a duration of HTTP caching is written as '30s', '1m', '12h' or '7d', not '${duration}'`)
  return Math.min(most, Math.floor(seconds))
}
