/** Numbers as facts and as words: every figure of a finding goes through here, so that all are rounded and linked alike. */
import type { EvidenceKind, Fact, Unit } from '@whetstone/model'

/** Words and facts come from one place to a practice; the rounding of words is that of the page and the terminal. */
export { bytesText, countText, msText, percentText } from '@whetstone/model'

export type FactLink = Omit<Fact['evidence'], 'kind'>

/** Four significant digits are more than any measurement here is worth. */
export function fact(label: string, value: number, unit: Unit, kind: EvidenceKind, link: FactLink = {}): Fact {
  return { label, quantity: { value: rounded(value, 4), unit }, evidence: { kind, ...link } }
}

export function rounded(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : value
}

/** One line of a statement, short enough for a title or a step; cut between words. */
export function excerpt(sql: string, length = 90): string {
  const line = sql.replace(/\s+/g, ' ').trim()
  return line.length <= length ? line : `${line.slice(0, length - 1).replace(/\s+\S*$/, '')} …`
}
