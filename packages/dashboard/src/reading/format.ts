/** Numbers as people read them: three significant digits at most, one thin space before the unit, a true minus sign. */
import type { Interval, Quantity } from '@whetstone/model'

/** Narrow and unbreakable, so that a number never leaves its unit at the end of a line. */
export const THIN = '\u202f'
const MINUS = '\u2212'
const NOT_KNOWN = '–'

export interface Parts {
  readonly value: string
  readonly unit: string
}

/** `42 µs`, `4.7 ms`, `47 ms`, `1.25 s`. */
export function formatMs(ms: number | undefined): string {
  return joined(partsOfMs(ms))
}

/** The same in two pieces, for tiles that print the unit smaller. */
export function partsOfMs(ms: number | undefined): Parts {
  if (ms === undefined || !Number.isFinite(ms)) return { value: NOT_KNOWN, unit: '' }
  if (ms < 0) {
    const { value, unit } = partsOfMs(-ms)
    return { value: MINUS + value, unit }
  }
  if (ms === 0) return { value: '0', unit: 'ms' }
  if (ms < 0.9995) return { value: String(Math.max(1, Math.round(ms * 1000))), unit: 'µs' }
  if (ms < 9.95) return { value: ms.toFixed(1), unit: 'ms' }
  if (ms < 999.5) return { value: ms.toFixed(0), unit: 'ms' }
  return { value: threeDigits(ms / 1000), unit: 's' }
}

/** Ticks of an axis are round already: `1 s`, `20 ms`, `500 µs`. */
export function formatTick(ms: number): string {
  if (ms >= 1000) return `${formatNumber(ms / 1000)}${THIN}s`
  return ms >= 1 ? `${formatNumber(ms)}${THIN}ms` : `${formatNumber(ms * 1000)}${THIN}µs`
}

/** How long something took as a person says it: `4 min 12 s`, `12.4 s`. */
export function formatDuration(ms: number): string {
  if (ms < 99_950) return ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000}${THIN}s` : formatMs(ms)
  const seconds = Math.round(ms / 1000)
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  if (hours > 0) return `${hours}${THIN}h ${minutes}${THIN}min`
  return seconds % 60 === 0 ? `${minutes}${THIN}min` : `${minutes}${THIN}min ${seconds % 60}${THIN}s`
}

/** At most three significant digits, thousands with a comma, no zeros that say nothing: `2`, `51.3`, `1,240`. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NOT_KNOWN
  return signed(value, plain(Number(Math.abs(value).toPrecision(3))))
}

/** A whole count, exact: `24,000`. */
export function formatCount(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NOT_KNOWN
  return signed(value, plain(Math.round(Math.abs(value))))
}

/** `200 /s`. */
export function formatRate(perSecond: number | undefined): string {
  return perSecond === undefined ? NOT_KNOWN : `${formatNumber(perSecond)}${THIN}/s`
}

/** A fraction of 0 to 1 as `0.1 %`; `< 0.01 %` where something is there but hardly. */
export function formatFraction(fraction: number | undefined): string {
  return joined(partsOfFraction(fraction))
}

export function partsOfFraction(fraction: number | undefined): Parts {
  if (fraction === undefined || !Number.isFinite(fraction)) return { value: NOT_KNOWN, unit: '' }
  const percent = Math.abs(fraction * 100)
  if (percent > 0 && percent < 0.01) return { value: '< 0.01', unit: '%' }
  // 99.8 % is not all of it.
  if (percent > 99.95 && percent < 100) return { value: '> 99.9', unit: '%' }
  const nearlyAll = percent >= 99.5 && percent < 100
  const digits = nearlyAll ? 1 : percent >= 9.95 ? 0 : percent >= 0.995 ? 1 : 2
  return { value: signed(fraction, plain(Number(percent.toFixed(digits)))), unit: '%' }
}

/** Sizes in powers of a thousand: `512 B`, `41.8 kB`, `1.2 MB`. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined || !Number.isFinite(bytes)) return NOT_KNOWN
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [Math.abs(bytes), 0]
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const text = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)
  return `${signed(bytes, text)}${THIN}${units[unit]}`
}

/** A change as a signed percentage; a decimal only below 10 % and when the interval is narrower than one point. */
export function formatChange(ratio: Interval): string {
  if (!Number.isFinite(ratio.estimate)) return NOT_KNOWN
  const percent = (ratio.estimate - 1) * 100
  const widthPoints = Math.abs(ratio.high - ratio.low) * 100
  const digits = Math.abs(percent) < 9.95 && widthPoints < 1 ? 1 : 0
  const text = Math.abs(percent) > 999.5 ? formatCount(Math.abs(percent)) : Math.abs(percent).toFixed(digits)
  if (Number(text.replaceAll(',', '')) === 0) return `0${THIN}%`
  return `${percent < 0 ? MINUS : '+'}${text}${THIN}%`
}

/** `−88 to −85 %`: the interval of a change. */
export function formatChangeRange(ratio: Interval): string {
  const ends = [ratio.low, ratio.high].map(end => formatChange({ estimate: end, low: ratio.low, high: ratio.high }))
  return rangeOf(ends[0]!, ends[1]!)
}

/** `7.9 times faster` above twofold, a percentage below. `ratio` is after / before of something where less is better. */
export function formatGain(ratio: number): string {
  if (ratio <= 0 || !Number.isFinite(ratio)) return NOT_KNOWN
  if (ratio <= 0.5) return `${formatTimes(1 / ratio)} times faster`
  if (ratio >= 2) return `${formatTimes(ratio)} times slower`
  return `${Math.abs((1 - ratio) * 100).toFixed(0)}${THIN}% ${ratio <= 1 ? 'faster' : 'slower'}`
}

/** A factor with two digits: `7.9`, `12`. */
export function formatTimes(factor: number): string {
  return factor < 9.95 ? factor.toFixed(1) : formatCount(factor)
}

/** `128 to 160 ms`: the unit once when both ends share it. */
export function formatMsRange(lowMs: number, highMs: number): string {
  return rangeOf(formatMs(lowMs), formatMs(highMs))
}

export function formatQuantity(quantity: Quantity): string {
  const { low, high } = quantity
  const text = formatUnit(quantity.value, quantity.unit)
  if (low === undefined || high === undefined) return text
  return `${text} (${rangeOf(formatUnit(low, quantity.unit), formatUnit(high, quantity.unit))})`
}

/** `21 Nov 2026, 10:42 UTC`. Returns the text unchanged when it is not a date. */
export function formatInstant(iso: string): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return iso
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
  const time = date.toISOString().slice(11, 16)
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}, ${time} UTC`
}

/** `1 request`, `24,000 requests`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

function formatUnit(value: number, unit: Quantity['unit']): string {
  switch (unit) {
    case 'ms':
      return formatMs(value)
    case 'bytes':
      return formatBytes(value)
    case 'per-second':
      return formatRate(value)
    case 'fraction':
      return formatFraction(value)
    case 'ratio':
      return `${formatNumber(value)}×`
    case 'percent-points':
      return `${formatNumber(value)} points`
    case 'rows':
      return `${formatWhole(value)} ${value === 1 ? 'row' : 'rows'}`
    case 'cost':
      return `cost ${formatNumber(value)}`
    case 'count':
      return formatWhole(value)
  }
}

/** Counted things are exact; means of counted things have three digits. */
function formatWhole(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : formatNumber(value)
}

function rangeOf(low: string, high: string): string {
  if (low === high) return low
  const [lowUnit, highUnit] = [low, high].map(text => text.split(THIN)[1])
  return lowUnit === highUnit && lowUnit !== undefined ? `${low.split(THIN)[0]} to ${high}` : `${low} to ${high}`
}

/** Zeros are kept: `1.20 s` is measured to three digits. */
function threeDigits(value: number): string {
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
  return value >= 999.5 ? plain(Math.round(value)) : value.toFixed(digits)
}

function plain(value: number): string {
  const [whole, decimals] = String(value).includes('e') ? [value.toFixed(0), undefined] : String(value).split('.')
  const grouped = whole!.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return decimals === undefined ? grouped : `${grouped}.${decimals}`
}

function signed(value: number, magnitude: string): string {
  return value < 0 && Number(magnitude.replaceAll(',', '')) !== 0 ? MINUS + magnitude : magnitude
}

function joined({ value, unit }: Parts): string {
  return unit === '' ? value : `${value}${THIN}${unit}`
}
