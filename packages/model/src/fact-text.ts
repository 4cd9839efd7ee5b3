/** A fact as one phrase, the same in the terminal and in the rows of coverage: `rows per call 2,500`. */
import type { Fact } from './finding.ts'
import { bytesText, countText, msText, percentText } from './number-text.ts'
import type { Quantity } from './units.ts'

export function factText({ label, quantity }: Pick<Fact, 'label' | 'quantity'>): string {
  return `${label} ${namesItself(label, quantity) ? countText(quantity.value) : quantityText(quantity)}`
}

/** `rows per call 2,500 rows` says it twice. */
function namesItself(label: string, { unit }: Quantity): boolean {
  return (unit === 'rows' || unit === 'cost') && label.split(' ').includes(unit)
}

function quantityText({ value, unit }: Quantity): string {
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
    case 'watt-hours':
      return `${countText(value)} Wh`
    case 'count':
      return countText(value)
  }
}
