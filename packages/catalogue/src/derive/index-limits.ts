/** When an index is worth proposing: one set of figures for all who ask whether one is missing. */
import type { PgEvidence, StatementsEvidence, ThresholdOverrides } from '@whetstone/model'
import { effectiveLimits } from './effective-limits.ts'
import { type IndexAdviceLimits, type IndexReading, readIndexes } from './index-advice.ts'
import type { IndexVariant } from './index-candidates.ts'
import { memoOfTwo } from './memo.ts'

export const indexThresholds = {
  rows: { value: 500, unit: 'rows', source: 'PgHero: no index is suggested for smaller tables' },
  cost: { value: 100, unit: 'cost', source: 'dexter --min-cost' },
  fall: { value: 0.5, unit: 'fraction', source: 'dexter --min-cost-savings-pct 50' },
  fallBesideIndex: {
    value: 0.8,
    unit: 'fraction',
    source: 'where no table is read in full an index works already, and a second one must return four fifths',
  },
  foreignKeyRows: { value: 10_000, unit: 'rows', source: 'PgHero, least rows of a table with missing indexes' },
  timeFraction: {
    value: 0.01,
    unit: 'fraction',
    source: 'below one per cent of the database time an index costs its writes more than it returns',
  },
  keptFraction: {
    value: 0.2,
    unit: 'fraction',
    source: 'a condition that keeps a fifth of the rows touches nearly every page',
  },
} as const

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

const readings = memoOfTwo((_pg: PgEvidence, _statements: StatementsEvidence) => new Map<string, IndexReading>())

function readingOf(pg: PgEvidence, statements: StatementsEvidence, limits: IndexAdviceLimits): IndexReading {
  const known = readings(pg, statements)
  const key = JSON.stringify(limits)
  const reading = known.get(key) ?? readIndexes(pg, statements, limits)
  known.set(key, reading)
  return reading
}
