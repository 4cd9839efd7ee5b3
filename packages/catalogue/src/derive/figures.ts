/** Numbers as facts and as words: every figure of a finding goes through here, so that all are rounded and linked alike. */
import type { EvidenceKind, Fact, Unit } from '@whetstone/model'

export type FactLink = Omit<Fact['evidence'], 'kind'>

/** Four significant digits are more than any measurement here is worth. */
export function fact(label: string, value: number, unit: Unit, kind: EvidenceKind, link: FactLink = {}): Fact {
  return { label, quantity: { value: rounded(value, 4), unit }, evidence: { kind, ...link } }
}

export function rounded(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : value
}

/** `43.9 ms`, `1.2 s`, `0.21 ms`. */
export function msText(ms: number): string {
  if (ms >= 1_000) return `${rounded(ms / 1_000, 2)} s`
  return `${ms >= 100 ? Math.round(ms) : rounded(ms, 2)} ms`
}

/** `1,234`, and one decimal below ten when it is no whole number. */
export function countText(count: number): string {
  return count < 10 ? String(rounded(count, 2)) : Math.round(count).toLocaleString('en-US')
}

export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`
  if (bytes < 1_000_000) return `${rounded(bytes / 1_000, 2)} kB`
  return `${rounded(bytes / 1_000_000, 2)} MB`
}

export function percentText(fraction: number): string {
  return `${rounded(fraction * 100, fraction >= 0.1 ? 2 : 1)} %`
}

/** One line of a statement, short enough for a title or a step; cut between words. */
export function excerpt(sql: string, length = 90): string {
  const line = sql.replace(/\s+/g, ' ').trim()
  return line.length <= length ? line : `${line.slice(0, length - 1).replace(/\s+\S*$/, '')} …`
}
