/** What the terminal adds to the numbers of the model: signs, ranges and seconds. */
import { msParts, msText, percentText } from '@whetstone/model'

/** With its sign: `+20 %`, `−89 %`; less than a hundredth of a percent is no change. */
export function signedPercent(fraction: number): string {
  if (Math.abs(fraction) < 0.0001) return percentText(0)
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

/** Of something that was asked for: `20 s`, `2.5 s`, `90 min`. */
export function duration(ms: number): string {
  const [amount, unit] = ms >= 120_000 ? [ms / 60_000, 'min'] : [ms / 1_000, 's']
  return `${Number(amount.toFixed(1))} ${unit}`
}
