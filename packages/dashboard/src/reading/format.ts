/** The numbers of the model set for a page: a thin unbreakable space before the unit, a dash for what is not known. */
import {
  bytesParts,
  countText,
  type Interval,
  msParts,
  type NumberParts,
  numberText,
  percentParts,
  type Quantity,
  wholeText,
} from '@whetstone/model'

/** Narrow and unbreakable, so that a number never leaves its unit at the end of a line. */
export const THIN = '\u202f'
const MINUS = '\u2212'
const NOT_KNOWN = '–'
const nothing: NumberParts = { value: NOT_KNOWN, unit: '' }

/** `42 µs`, `4.7 ms`, `47 ms`, `1.25 s`. */
export function formatMs(ms: number | undefined): string {
  return joined(partsOfMs(ms))
}

/** The same in two pieces, for tiles that print the unit smaller. */
export function partsOfMs(ms: number | undefined): NumberParts {
  return isKnown(ms) ? msParts(ms) : nothing
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

/** At most three significant digits: `2`, `51.3`, `1,240`. */
export function formatNumber(value: number | undefined): string {
  return isKnown(value) ? numberText(value) : NOT_KNOWN
}

/** A whole count, exact: `24,000`. */
export function formatCount(value: number | undefined): string {
  return isKnown(value) ? wholeText(value) : NOT_KNOWN
}

/** `200 /s`. */
export function formatRate(perSecond: number | undefined): string {
  return perSecond === undefined ? NOT_KNOWN : `${formatNumber(perSecond)}${THIN}/s`
}

/** A fraction of 0 to 1 as `0.1 %`; `< 0.01 %` where something is there but hardly. */
export function formatFraction(fraction: number | undefined): string {
  return joined(partsOfFraction(fraction))
}

export function partsOfFraction(fraction: number | undefined): NumberParts {
  return isKnown(fraction) ? percentParts(fraction) : nothing
}

/** Sizes in powers of a thousand: `512 B`, `41.8 kB`, `10 MB`. */
export function formatBytes(bytes: number | undefined): string {
  return isKnown(bytes) ? joined(bytesParts(bytes)) : NOT_KNOWN
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

/** The value beside its label: a label that names the unit, `plan cost`, need not be followed by it. */
export function formatFact({ label, quantity }: { readonly label: string; readonly quantity: Quantity }): string {
  const text = formatQuantity(quantity)
  return label.split(' ').includes(quantity.unit) ? text.replace(/^cost /, '').replace(/ rows?$/, '') : text
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
      return `${countText(value)} ${value === 1 ? 'row' : 'rows'}`
    case 'cost':
      return `cost ${formatNumber(value)}`
    case 'watt-hours':
      return `${formatNumber(value)} Wh`
    case 'count':
      return countText(value)
  }
}

function rangeOf(low: string, high: string): string {
  if (low === high) return low
  const [lowUnit, highUnit] = [low, high].map(text => text.split(THIN)[1])
  return lowUnit === highUnit && lowUnit !== undefined ? `${low.split(THIN)[0]} to ${high}` : `${low} to ${high}`
}

function isKnown(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value)
}

function joined({ value, unit }: NumberParts): string {
  return unit === '' ? value : `${value}${THIN}${unit}`
}
