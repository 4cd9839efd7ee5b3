/** The time of a log line, in the forms that servers write: Apache's, ISO 8601, and seconds or milliseconds since 1970. */

const APACHE = /^(\d{1,2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?(?: ([+-])(\d{2})(\d{2}))?$/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Epoch milliseconds; `undefined` for what is no time. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return epochMs(value)
  if (typeof value !== 'string' || value.length > 60) return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return epochMs(Number(value))
  const apache = APACHE.exec(value)
  const atMs = apache === null ? isoMs(value) : apacheMs(apache)
  return Number.isFinite(atMs) ? atMs : undefined
}

/** ISO 8601 with a date and a time; other texts that `Date` reads are mostly no times at all. */
function isoMs(value: string): number {
  return /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/.test(value) ? Date.parse(value) : NaN
}

function apacheMs([, day, month, year, hour, minute, second, fraction, sign, zoneHours, zoneMinutes]: RegExpExecArray) {
  const utc = Date.UTC(
    Number(year),
    MONTHS.indexOf(month!) < 0 ? NaN : MONTHS.indexOf(month!),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  )
  const zoneMs = (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0)) * 60_000 * (sign === '-' ? -1 : 1)
  return utc - zoneMs + (fraction === undefined ? 0 : Number(`0.${fraction}`) * 1_000)
}

/** Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size: this is about the years 2001 to 2286. */
function epochMs(value: number): number | undefined {
  for (const perMs of [1e-3, 1, 1e3, 1e6]) {
    const atMs = value / perMs
    if (atMs >= 1e12 && atMs < 1e13) return atMs
  }
  return undefined
}
