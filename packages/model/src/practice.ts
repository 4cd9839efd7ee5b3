/** The shape of a practice: pure, declarative, one module; its detector sees only the evidence it declared. */
import type { Evidence, EvidenceByKind, EvidenceKind, HttpProbeVariation, IndexCandidate } from './evidence/index.ts'
import type { Fact, Finding } from './finding.ts'
import type { RouteName } from './place.ts'
import type { Unit } from './units.ts'

export const chapters = [
  'foundations',
  'measurement',
  'database',
  'caching',
  'application',
  'concurrency',
  'async',
  'network',
  'api',
  'scaling',
  'observability',
  'testing',
  'security',
] as const
export type Chapter = (typeof chapters)[number]

export interface Threshold {
  readonly value: number
  readonly unit: Unit
  /** Where the number comes from. */
  readonly source: string
}

/** What a detector may ask the loop to gather for round two; every request is bounded, and all but the drills are read-only. */
export type EvidenceRequest =
  | {
      readonly kind: 'index-trial'
      readonly candidate: IndexCandidate
      readonly statementIds: readonly string[]
      /** Built with it: one branch of an OR is served by each. */
      readonly together?: readonly IndexCandidate[]
    }
  | { readonly kind: 'explain'; readonly statementId: string }
  | { readonly kind: 'http-probe'; readonly route: RouteName; readonly variation: HttpProbeVariation }
  /** The same load for some seconds more, with a full collection every second and allocations sampled. */
  | { readonly kind: 'heap-growth' }
  /** Breaks the cache on purpose; carried out only where the user allowed this drill, and on this machine. */
  | { readonly kind: 'cache-failure' }
  | { readonly kind: 'cache-stampede'; readonly keyTemplate: string }

export type Outcome =
  | { readonly kind: 'finding'; readonly findings: readonly Finding[] }
  | { readonly kind: 'pass'; readonly because: readonly Fact[]; readonly note?: string }
  | { readonly kind: 'not-applicable'; readonly why: string }
  | {
      readonly kind: 'unknown'
      readonly missing: readonly EvidenceKind[]
      readonly why: string
      readonly give?: string
    }
  | { readonly kind: 'ask'; readonly question: string; readonly facts: readonly Fact[] }
  | {
      readonly kind: 'investigate'
      readonly requests: readonly EvidenceRequest[]
      readonly findings?: readonly Finding[]
    }

export interface Remedy {
  readonly summary: string
  readonly library?: string
  /** A worked example for the page: before and after. */
  readonly example: { readonly language: 'ts' | 'sql' | 'http'; readonly before: string; readonly after: string }
  /** The same by our own runtime, in TypeScript that compiles: its imports, then what differs. Absent where it has nothing to add. */
  readonly withRuntime?: string
}

export type ThresholdValues<T> = { readonly [K in keyof T]: number }

/**
 * What the configuration sets for the thresholds of another practice, by its id; empty where it sets none. A practice that
 * leaves a cause to another judges it by the other's figures.
 */
export type ThresholdOverrides = (practice: string) => Readonly<Record<string, number>>

export interface Practice<
  K extends EvidenceKind = EvidenceKind,
  O extends EvidenceKind = EvidenceKind,
  T extends Record<string, Threshold> = Record<string, Threshold>,
> {
  /** kebab-case, equals the file name and the id of the catalogue. */
  readonly id: string
  readonly chapter: Chapter
  /** The advice, imperative. */
  readonly title: string
  /** The mechanism, one or two sentences. */
  readonly why: string
  /** When not to do it. */
  readonly unless: readonly string[]
  readonly sources: readonly string[]
  readonly needs: readonly K[]
  readonly optional?: readonly O[]
  readonly thresholds: T
  readonly remedy: Remedy
  readonly detect: (
    evidence: Pick<EvidenceByKind, K> & Partial<Pick<EvidenceByKind, O>>,
    thresholds: ThresholdValues<T>,
    overrides: ThresholdOverrides,
  ) => Outcome
}

/** A practice with its evidence types erased: what lists and the loop hold. */
export type AnyPractice = Omit<Practice, 'detect'> & {
  readonly detect: (
    evidence: Evidence,
    thresholds: Readonly<Record<string, number>>,
    overrides: ThresholdOverrides,
  ) => Outcome
}

/** Checks the types at the definition and erases them, so that all practices fit one list. The loop calls `detect` only with every needed kind present. */
export function definePractice<
  const K extends EvidenceKind,
  const O extends EvidenceKind = never,
  const T extends Record<string, Threshold> = Record<string, Threshold>,
>(practice: Practice<K, O, T>): AnyPractice {
  return practice as unknown as AnyPractice
}

export const findings = (list: readonly Finding[]): Outcome => ({ kind: 'finding', findings: list })
export const pass = (because: readonly Fact[] = [], note?: string): Outcome => ({
  kind: 'pass',
  because,
  ...(note === undefined ? {} : { note }),
})
export const notApplicable = (why: string): Outcome => ({ kind: 'not-applicable', why })
export const unknown = (missing: readonly EvidenceKind[], why: string, give?: string): Outcome => ({
  kind: 'unknown',
  missing,
  why,
  ...(give === undefined ? {} : { give }),
})
export const ask = (question: string, facts: readonly Fact[] = []): Outcome => ({ kind: 'ask', question, facts })
/** `found` are findings that need no further evidence and stand beside the requests. */
export const investigate = (requests: readonly EvidenceRequest[], found: readonly Finding[] = []): Outcome => ({
  kind: 'investigate',
  requests,
  findings: found,
})
