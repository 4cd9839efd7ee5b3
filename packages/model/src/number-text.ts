/** Numbers as people read them, rounded in one way wherever they stand: in a terminal, on the page, in the title of a finding. */

/** In two pieces, for places that set the unit apart; without a unit it is empty. */
export interface NumberParts {
  readonly value: string
  readonly unit: string
}

const minus = '\u2212'

/** `42 µs`, `4.7 ms`, `47 ms`, `1.25 s`; ages and limits too: `30 min`, `36 h`, `14 days`. */
export function msText(ms: number): string {
  return spaced(msParts(ms))
}

export function msParts(ms: number): NumberParts {
  if (ms < 0) {
    const { value, unit } = msParts(-ms)
    return { value: minus + value, unit }
  }
  if (ms === 0) return { value: '0', unit: 'ms' }
  if (ms < 0.9995) return { value: String(Math.max(1, Math.round(ms * 1000))), unit: 'µs' }
  if (ms < 9.95) return { value: ms.toFixed(1), unit: 'ms' }
  if (ms < 999.5) return { value: ms.toFixed(0), unit: 'ms' }
  if (ms < 999.5 * secondMs) return { value: threeDigits(ms / secondMs), unit: 's' }
  // Nobody counts hours in seconds. Two of the greater unit before it is used: then it has no singular either.
  if (ms < 2 * hourMs) return { value: numberText(ms / minuteMs), unit: 'min' }
  return ms < 2 * dayMs
    ? { value: numberText(ms / hourMs), unit: 'h' }
    : { value: numberText(ms / dayMs), unit: 'days' }
}

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** A fraction of 0 to 1 as `0.1 %`; `< 0.01 %` where something is there but hardly. */
export function percentText(fraction: number): string {
  return spaced(percentParts(fraction))
}

export function percentParts(fraction: number): NumberParts {
  const percent = Math.abs(fraction * 100)
  if (percent > 0 && percent < 0.01) return { value: '< 0.01', unit: '%' }
  // 99.8 % is not all of it.
  if (percent > 99.95 && percent < 100) return { value: '> 99.9', unit: '%' }
  const nearlyAll = percent >= 99.5 && percent < 100
  const digits = nearlyAll ? 1 : percent >= 9.95 ? 0 : percent >= 0.995 ? 1 : 2
  return { value: signed(fraction, grouped(Number(percent.toFixed(digits)))), unit: '%' }
}

/** Sizes in powers of a thousand: `512 B`, `41.8 kB`, `10 MB`. */
export function bytesText(bytes: number): string {
  return spaced(bytesParts(bytes))
}

export function bytesParts(bytes: number): NumberParts {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [value, unit] = [Math.abs(bytes), 0]
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return { value: signed(bytes, grouped(Number(value.toFixed(digits)))), unit: units[unit]! }
}

/** Counted things are exact, `24,000`; means of counted things have three digits, `34.2`. */
export function countText(count: number): string {
  return Number.isInteger(count) ? wholeText(count) : numberText(count)
}

/** At most three significant digits, thousands with a comma, no zeros that say nothing: `2`, `51.3`, `1,240`. */
export function numberText(value: number): string {
  return signed(value, grouped(Number(Math.abs(value).toPrecision(3))))
}

/** Rounded to a whole number, every digit shown: `24,000`. */
export function wholeText(value: number): string {
  return signed(value, grouped(Math.round(Math.abs(value))))
}

function spaced({ value, unit }: NumberParts): string {
  return `${value} ${unit}`
}

/** Zeros are kept: `1.20 s` is measured to three digits. */
function threeDigits(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
}

function grouped(value: number): string {
  const [whole, decimals] = String(value).includes('e') ? [value.toFixed(0), undefined] : String(value).split('.')
  const thousands = whole!.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return decimals === undefined ? thousands : `${thousands}.${decimals}`
}

function signed(value: number, magnitude: string): string {
  return value < 0 && Number(magnitude.replaceAll(',', '')) !== 0 ? minus + magnitude : magnitude
}
