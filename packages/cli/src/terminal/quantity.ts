/** Numbers as people read them in a terminal: three digits at most, thin units, a true minus sign in Unicode terminals. */
import type { Quantity } from '@whetstone/model'

/** `0.42 ms`, `8.3 ms`, `61 ms`, `1.20 s`. */
export function milliseconds(value: number): string {
  if (value >= 1_000) return `${(value / 1_000).toPrecision(3)} s`
  if (value >= 9.95) return `${Math.round(value)} ms`
  if (value >= 1) return `${value.toFixed(1)} ms`
  return `${value.toFixed(2)} ms`
}

/** 0 to 1 in, `12 %` out; below ten percent one digit. */
export function percent(fraction: number): string {
  const value = fraction * 100
  return `${Math.abs(value) >= 9.95 || value === 0 ? Math.round(value) : value.toFixed(1)} %`
}

/** With its sign: `+20 %`, `-89 %`. */
export function signedPercent(fraction: number): string {
  return `${fraction > 0 ? '+' : ''}${percent(fraction)}`
}

/** `160 B`, `41.8 kB`, `2.1 MB`. */
export function bytes(value: number): string {
  if (value >= 999_500) return `${(value / 1_000_000).toPrecision(3)} MB`
  if (value >= 1_000) return `${(value / 1_000).toPrecision(3)} kB`
  return `${Math.round(value)} B`
}

export function count(value: number): string {
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2)
}

export function seconds(ms: number): string {
  return `${ms >= 9_950 ? Math.round(ms / 1_000) : (ms / 1_000).toFixed(1)} s`
}

export function quantity({ value, unit }: Quantity): string {
  switch (unit) {
    case 'ms':
      return milliseconds(value)
    case 'bytes':
      return bytes(value)
    case 'fraction':
      return percent(value)
    case 'percent-points':
      return `${value.toFixed(1)} points`
    case 'per-second':
      return `${count(value)} /s`
    case 'rows':
      return `${count(value)} rows`
    case 'cost':
      return `cost ${count(value)}`
    case 'ratio':
      return `${value >= 10 ? Math.round(value) : value.toPrecision(2)} times`
    case 'count':
      return count(value)
  }
}
