/** A practice is specified by two tables: evidence on which it stays silent, and evidence on which it reports, whole findings compared. */
import type {
  AnyPractice,
  Evidence,
  EvidenceKind,
  EvidenceRequest,
  Fact,
  Finding,
  Outcome,
  Unit,
} from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { faultsOf, remediesOf } from './plain-code.ts'

export interface PracticeTables {
  /** The longer table: no finding and nothing asked for. */
  readonly silent: Readonly<Record<string, Evidence>>
  readonly reports: Readonly<Record<string, ReportCase>>
}

export interface ReportCase {
  readonly evidence: Evidence
  /** Whole findings; `fingerprint` and `remedy.steps` may be matched with expect.any(). */
  readonly finds?: readonly Finding[]
  /** What it wants to know before it says more. */
  readonly asks?: readonly EvidenceRequest[]
  readonly thresholds?: Readonly<Record<string, number>>
  /** Thresholds set for other practices, by their id. */
  readonly overrides?: Overrides
}

type Overrides = Readonly<Record<string, Readonly<Record<string, number>>>>

export function describePractice(practice: AnyPractice, { silent, reports }: PracticeTables): void {
  describe(practice.id, () => {
    for (const [name, evidence] of Object.entries(silent)) {
      it(`is silent: ${name}`, () => {
        const outcome = outcomeOf(practice, evidence)
        expect(outcome.kind === 'investigate' ? outcome.requests : []).toEqual([])
        expect(findingsOf(outcome)).toEqual([])
      })
    }
    for (const [name, { evidence, finds = [], asks = [], thresholds, overrides }] of Object.entries(reports)) {
      it(`reports: ${name}`, () => {
        const outcome = outcomeOf(practice, evidence, thresholds, overrides)
        expect(findingsOf(outcome)).toEqual(finds)
        expect(outcome.kind === 'investigate' ? outcome.requests : []).toEqual(asks)
        if (practice.chapter === 'caching' || practice.id === 'db-caching-layer')
          expect(remediesOf(practice, outcome).flatMap(faultsOf)).toEqual([])
      })
      it(`does not change its evidence and says the same twice: ${name}`, () => {
        const copy = structuredClone(evidence)
        const first = outcomeOf(practice, evidence, thresholds, overrides)
        expect(outcomeOf(practice, structuredClone(evidence), thresholds, overrides)).toEqual(first)
        expect(evidence).toEqual(copy)
      })
    }
    it('has a silent table longer than its report table', () => {
      expect(Object.keys(silent).length).toBeGreaterThan(Object.keys(reports).length)
    })
  })
}

/** Runs the detector as the loop does: only with what it needs, thresholds filled in. */
export function outcomeOf(
  practice: AnyPractice,
  evidence: Evidence,
  thresholds: Readonly<Record<string, number>> = {},
  overrides: Overrides = {},
): Outcome {
  const missing = practice.needs.filter(kind => !evidence[kind])
  if (missing.length > 0) return { kind: 'unknown', missing, why: 'missing' }
  const defaults = Object.fromEntries(Object.entries(practice.thresholds).map(([name, { value }]) => [name, value]))
  return practice.detect(evidence, { ...defaults, ...thresholds }, id => overrides[id] ?? {})
}

/** One fact of an expected finding. */
export const stated = (label: string, value: number, unit: Unit, kind: EvidenceKind): Fact => ({
  label,
  quantity: { value, unit },
  evidence: { kind },
})

function findingsOf(outcome: Outcome): readonly Finding[] {
  if (outcome.kind === 'finding') return outcome.findings
  return outcome.kind === 'investigate' ? (outcome.findings ?? []) : []
}
