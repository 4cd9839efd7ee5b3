/** Who reports which kind of index, and which statements it concerns, for all who ask whether one is missing. */
import type { PgEvidence, StatementsEvidence, ThresholdOverrides } from '@whetstone/model'
import { effectiveLimits } from './effective-limits.ts'
import { type IndexAdviceLimits, type IndexReading, readIndexes, untriedOf } from './index-advice.ts'
import type { IndexVariant } from './index-candidates.ts'
import type { Proposal } from './index-sql.ts'
import { indexThresholds } from './index-thresholds.ts'
import { memoOfTwo } from './memo.ts'

/** Which practice reports which kind of index, by figures of its own. */
export const indexOwners = {
  'missing-index': 'single',
  'composite-index': 'composite',
  'foreign-key-index': 'foreign-key',
} as const satisfies Readonly<Record<string, IndexVariant>>

/**
 * Statements an index would serve, or may serve and is still to be planned: their slowness has a name already,
 * so that no other practice gives it a second one.
 */
export function statementsWantingIndex(
  pg: PgEvidence,
  statements: StatementsEvidence,
  overrides: ThresholdOverrides,
): ReadonlySet<string> {
  const ids = Object.entries(indexOwners).flatMap(([owner, variant]) => {
    const reading = readingOf(pg, statements, effectiveLimits(indexThresholds, owner, overrides))
    return reading.kind === 'ask'
      ? reading.questions.filter(question => question.variant === variant).flatMap(question => question.statementIds)
      : reading.advice
          .filter(({ question }) => question.variant === variant)
          .flatMap(({ served }) => served.map(({ statementId }) => statementId))
  })
  return new Set(ids)
}

/**
 * What became of the indexes that may serve a statement: `tried`, and nobody reported one, so none pays; `untried`, with those that
 * still may; `none`, where its conditions suggest no index.
 */
export type IndexStand =
  { readonly kind: 'none' | 'tried' } | { readonly kind: 'untried'; readonly proposals: readonly Proposal[] }

export function indexStandOf(
  statementId: string,
  pg: PgEvidence,
  statements: StatementsEvidence,
  overrides: ThresholdOverrides,
): IndexStand {
  const questions = Object.entries(indexOwners).flatMap(([owner, variant]) =>
    readingOf(pg, statements, effectiveLimits(indexThresholds, owner, overrides)).questions.filter(
      question => question.variant === variant && question.madeFor.includes(statementId),
    ),
  )
  const untried = untriedOf(questions, pg)
  if (untried.length > 0 && pg.unavailable['indexTrials'] !== undefined) return { kind: 'untried', proposals: untried }
  return { kind: questions.length > untried.length ? 'tried' : 'none' }
}

const readings = memoOfTwo((_pg: PgEvidence, _statements: StatementsEvidence) => new Map<string, IndexReading>())

function readingOf(pg: PgEvidence, statements: StatementsEvidence, limits: IndexAdviceLimits): IndexReading {
  const known = readings(pg, statements)
  const key = JSON.stringify(limits)
  const reading = known.get(key) ?? readIndexes(pg, statements, limits)
  known.set(key, reading)
  return reading
}
