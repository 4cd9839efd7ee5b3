/** Which of the planned indexes are worth having: judged on every parameter set, the narrowest that does the work. */
import type { IndexMargin, IndexTrial, IndexTrialResult, PgEvidence, StatementsEvidence } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { columnOf, tableOf } from './columns.ts'
import { type IndexLimits, type IndexQuestion, indexQuestions } from './index-candidates.ts'
import { chosen, type Offer } from './index-choice.ts'
import type { IndexCost } from './index-cost.ts'
import { indexThresholds } from './index-thresholds.ts'
import { candidateKey, type Proposal } from './index-sql.ts'
import { fullScans, hasSort, nodesOf, plansByStatement } from './plans.ts'
import { statementTimes } from './statement-time.ts'
import { statementsById } from './statements.ts'

export interface IndexAdviceLimits extends IndexLimits {
  /** Least fall of the cost, 0 to 1. */
  readonly fall: number
  /** The same where the table is not read in full, because an index serves it already. */
  readonly fallBesideIndex: number
  /** Least time a call must become shorter by there, where it was measured. */
  readonly savesMsBesideIndex: number
}

export interface ServedStatement {
  readonly statementId: string
  readonly costBefore: number
  readonly costAfter: number
  readonly medianMsBefore?: number
  readonly medianMsAfter?: number
  readonly sortsBefore: boolean
  readonly sortsAfter: boolean
  readonly parameterSets: number
}

export interface IndexAdvice {
  readonly question: IndexQuestion
  readonly cost?: IndexCost
  /** Absent: nothing could be planned, and only the size of the scan speaks for it. */
  readonly trial?: IndexTrial
  /** Heaviest first. */
  readonly served: readonly ServedStatement[]
}

export type IndexReading =
  | { readonly kind: 'ask'; readonly questions: readonly IndexQuestion[] }
  | { readonly kind: 'advice'; readonly advice: readonly IndexAdvice[]; readonly questions: readonly IndexQuestion[] }

/** Asks until something was planned (or is said to be impossible), then judges. */
export function readIndexes(pg: PgEvidence, statements: StatementsEvidence, limits: IndexAdviceLimits): IndexReading {
  const questions = indexQuestions(pg, statements, limits)
  if (questions.length === 0) return { kind: 'advice', advice: [], questions }
  if (pg.indexTrials.length > 0) return { kind: 'advice', advice: judged(pg, statements, questions, limits), questions }
  if (pg.unavailable['indexTrials'] === undefined) return { kind: 'ask', questions }
  return { kind: 'advice', advice: unplanned(pg, statements, questions, limits), questions }
}

/** Those that nobody planned: there was no place or no time for it, or PostgreSQL cannot build them. */
export function untriedOf(questions: readonly IndexQuestion[], pg: PgEvidence): readonly IndexQuestion[] {
  const tried = new Set(pg.indexTrials.map(candidateKey))
  return questions.filter(question => !tried.has(candidateKey(question)))
}

/** What is worth building together, by the trials so far: the loop builds these once more, all at the same time. */
export function chosenIndexes(pg: PgEvidence, statements: StatementsEvidence): readonly Proposal[] {
  const limits = Object.fromEntries(
    Object.entries(indexThresholds).map(([name, { value }]) => [name, value]),
  ) as unknown as IndexAdviceLimits
  return chosen(offersOf(pg, statements, indexQuestions(pg, statements, limits), limits), pg, statements, limits).map(
    ({ question }) => question,
  )
}

function judged(
  pg: PgEvidence,
  statements: StatementsEvidence,
  questions: readonly IndexQuestion[],
  limits: IndexAdviceLimits,
): readonly IndexAdvice[] {
  return chosen(offersOf(pg, statements, questions, limits), pg, statements, limits).filter(
    ({ trial }) => trial?.amongChosen === undefined || isNeeded(trial.amongChosen),
  )
}

/** Least of a plan's cost that an index must save beside all others that were chosen: less is within what costs are worth. */
const LEAST_MARGIN = 0.2

/** Somebody would miss it. */
export function isNeeded(margins: readonly IndexMargin[]): boolean {
  return (
    margins.length === 0 || margins.some(({ costWith, costWithout }) => costWith <= costWithout * (1 - LEAST_MARGIN))
  )
}

function offersOf(
  pg: PgEvidence,
  statements: StatementsEvidence,
  questions: readonly IndexQuestion[],
  limits: IndexAdviceLimits,
): readonly Offer[] {
  const byId = statementsById(statements)
  const trials = new Map(pg.indexTrials.map(trial => [candidateKey(trial), trial]))
  return questions.flatMap(question => {
    const trial = trials.get(candidateKey(question))
    if (!trial) return []
    const ids = [...new Set(trial.results.map(result => result.statementId))]
    return ids.flatMap(id => {
      const isScanned = scansInFull(pg, id, question.candidate.table)
      const fall = isScanned ? limits.fall : limits.fallBesideIndex
      const served = servedBy(
        trial.results.filter(result => result.statementId === id),
        { cost: limits.cost, fall },
        byId.get(id)?.shape?.hasOffset ?? false,
      )
      return served && (isScanned || saves(served, limits.savesMsBesideIndex)) ? [{ question, trial, served }] : []
    })
  })
}

function saves({ medianMsBefore, medianMsAfter }: ServedStatement, leastMs: number): boolean {
  return medianMsBefore === undefined || medianMsAfter === undefined || medianMsBefore - medianMsAfter >= leastMs
}

/** Unknown plans count as a scan: then the trial alone decides. */
function scansInFull(pg: PgEvidence, statementId: string, table: string): boolean {
  const plans = plansByStatement(pg).get(statementId) ?? []
  return plans.length === 0 || plans.some(({ root }) => fullScans(root, table).length > 0)
}

/** Undefined unless the index pays on what was planned and harms no parameter set. */
function servedBy(
  results: readonly IndexTrialResult[],
  limits: Pick<IndexAdviceLimits, 'cost' | 'fall'>,
  isPaged: boolean,
): ServedStatement | undefined {
  // What the planner would do for any parameters counts only where nobody knows the real ones.
  const real = results.filter(({ parameterSet }) => parameterSet !== undefined)
  const asked = real.length > 0 ? real : results
  const byCost = asked.filter(
    ({ usesCandidate, costBefore, costAfter }) =>
      usesCandidate && costBefore >= limits.cost && costAfter <= costBefore * (1 - limits.fall),
  )
  const claims = byCost.length > 0 ? byCost : hiddenByLimit(results, limits)
  // The rows that are skipped are fetched one by one, which is fast only on a copy that lies in memory: the deepest page decides.
  if (isPaged && claims.length < asked.length) return undefined
  const timed = results.flatMap(({ medianMsBefore, medianMsAfter }) =>
    medianMsBefore === undefined || medianMsAfter === undefined
      ? []
      : [{ before: medianMsBefore, after: medianMsAfter }],
  )
  const [first] = claims
  if (!first) return undefined
  const before = timed.reduce((sum, pair) => sum + pair.before, 0)
  const after = timed.reduce((sum, pair) => sum + pair.after, 0)
  if (timed.length > 0 && after > before * MOST_TIME_LEFT) return undefined
  // Right for page one and wrong for page 750 is wrong.
  if (timed.some(pair => pair.after > pair.before * 1.5 && pair.after - pair.before > 1)) return undefined
  return {
    statementId: first.statementId,
    costBefore: median(claims.map(result => result.costBefore)),
    costAfter: median(claims.map(result => result.costAfter)),
    ...(timed.length > 0
      ? {
          medianMsBefore: median(timed.map(pair => pair.before)),
          medianMsAfter: median(timed.map(pair => pair.after)),
        }
      : {}),
    sortsBefore: hasSort(first.planBefore),
    sortsAfter: hasSort(first.planAfter),
    parameterSets: results.filter(result => result.parameterSet !== undefined).length,
  }
}

/** Of the time without the index: with the best of a few runs, a busy machine makes up a quarter by itself. */
const MOST_TIME_LEFT = 0.67

/** Milliseconds a scan must take before its time alone, against the plan, speaks for an index. */
const SLOW_SCAN_MS = 5

/** A LIMIT makes a full scan look cheap when the planner expects to meet the key early; then only the clock tells, for keys that come late. */
function hiddenByLimit(
  results: readonly IndexTrialResult[],
  limits: Pick<IndexAdviceLimits, 'cost' | 'fall'>,
): readonly IndexTrialResult[] {
  return results.flatMap(result => {
    const { usesCandidate, planBefore, costAfter, medianMsBefore = 0, medianMsAfter = Infinity } = result
    const scans = planBefore ? nodesOf(planBefore).filter(node => /seq scan/i.test(node.nodeType)) : []
    const scanCost = Math.max(0, ...scans.map(scan => scan.totalCost))
    const isFaster = medianMsBefore >= SLOW_SCAN_MS && medianMsAfter <= medianMsBefore * (1 - limits.fall)
    return usesCandidate && scanCost >= limits.cost && isFaster && costAfter <= scanCost * (1 - limits.fall)
      ? [{ ...result, costBefore: scanCost }]
      : []
  })
}

/** Where nothing can be planned only a clearly large scan for a few rows is worth a word. */
function unplanned(
  pg: PgEvidence,
  statements: StatementsEvidence,
  questions: readonly IndexQuestion[],
  limits: IndexAdviceLimits,
): readonly IndexAdvice[] {
  const meanMs = new Map(statementTimes(statements).map(time => [time.statementId, time.meanMs]))
  const advised = new Set<string>()
  return questions.flatMap(question => {
    const { candidate, variant } = question
    const table = tableOf(pg, `${candidate.schema}.${candidate.table}`)
    if (!table || variant === 'composite' || candidate.method !== 'btree' || candidate.columns[0]!.expression) return []
    const served = question.statementIds.flatMap(statementId => {
      const place = `${statementId}|${table.schema}.${table.name}`
      const plan = plansByStatement(pg)
        .get(statementId)
        ?.find(({ root }) => fullScans(root, table.name).length > 0)
      const rows = plan && Math.min(...fullScans(plan.root, table.name).map(node => node.planRows))
      const isLarge =
        plan !== undefined && rows !== undefined && plan.totalCost >= limits.cost * 10 && rows <= table.rows * 0.01
      if (
        !isLarge ||
        advised.has(place) ||
        (meanMs.get(statementId) ?? 0) < 5 ||
        !columnOf(table, candidate.columns[0]!.name)
      )
        return []
      advised.add(place)
      // random_page_cost 4 for every row fetched and for two levels of the tree.
      const costAfter = Math.min(plan.totalCost, 4 * (rows + 2))
      const sorts = hasSort(plan.root)
      return [
        { statementId, costBefore: plan.totalCost, costAfter, sortsBefore: sorts, sortsAfter: sorts, parameterSets: 0 },
      ]
    })
    return served.length > 0 ? [{ question, served }] : []
  })
}
