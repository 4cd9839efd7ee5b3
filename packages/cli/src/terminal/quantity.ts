/** What the terminal adds to the numbers of the model: signs, seconds, and a word for each unit. */
import { bytesText, countText, msParts, msText, percentText, type Quantity } from '@whetstone/model'

/** With its sign: `+20 %`, `−89 %`. */
export function signedPercent(fraction: number): string {
  return `${fraction > 0 ? '+' : ''}${percentText(fraction)}`
}

/** The unit once when both ends share it: `128 to 160 ms`. */
export function msRange(lowMs: number, highMs: number): string {
  const low = msParts(lowMs)
  const high = msText(highMs)
  return low.unit === msParts(highMs).unit ? `${low.value} to ${high}` : `${msText(lowMs)} to ${high}`
}

/** Of something that took a while: `0.4 s`, `12 s`. */
export function seconds(ms: number): string {
  return `${ms >= 9_950 ? Math.round(ms / 1_000) : (ms / 1_000).toFixed(1)} s`
}

export function quantity({ value, unit }: Quantity): string {
  switch (unit) {
    case 'ms':
      return msText(value)
    case 'bytes':
      return bytesText(value)
    case 'fraction':
      return percentText(value)
    case 'percent-points':
      return `${countText(value)} points`
    case 'per-second':
      return `${countText(value)} /s`
    case 'rows':
      return `${countText(value)} ${value === 1 ? 'row' : 'rows'}`
    case 'cost':
      return `cost ${countText(value)}`
    case 'ratio':
      return `${countText(value)} times`
    case 'count':
      return countText(value)
  }
}
