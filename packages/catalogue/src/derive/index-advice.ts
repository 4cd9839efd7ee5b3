/** Which of the planned indexes are worth having: judged on every parameter set, the narrowest that does the work. */
import type { IndexCandidate, IndexTrial, IndexTrialResult, PgEvidence, StatementsEvidence } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { columnOf, tableOf } from './columns.ts'
import { candidateKey, type IndexLimits, type IndexQuestion, indexQuestions } from './index-candidates.ts'
import { fullScans, hasSort, nodesOf, plansByStatement } from './plans.ts'
import { statementTimes } from './statement-time.ts'

export interface IndexAdviceLimits extends IndexLimits {
  /** Least fall of the cost, 0 to 1. */
  readonly fall: number
  /** The same where the table is not read in full, because an index serves it already. */
  readonly fallBesideIndex: number
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
  if (pg.indexTrials.length > 0) return { kind: 'advice', advice: judged(pg, questions, limits), questions }
  if (pg.unavailable['indexTrials'] === undefined) return { kind: 'ask', questions }
  return { kind: 'advice', advice: unplanned(pg, statements, questions, limits), questions }
}

interface Offer {
  readonly question: IndexQuestion
  readonly trial: IndexTrial
  readonly served: ServedStatement
}

function judged(
  pg: PgEvidence,
  questions: readonly IndexQuestion[],
  limits: IndexAdviceLimits,
): readonly IndexAdvice[] {
  const trials = new Map(pg.indexTrials.map(trial => [candidateKey(trial.candidate), trial]))
  const offers = questions.flatMap(question => {
    const trial = trials.get(candidateKey(question.candidate))
    if (!trial) return []
    const ids = [...new Set(trial.results.map(result => result.statementId))]
    return ids.flatMap(id => {
      const isScanned = scansInFull(pg, id, question.candidate.table)
      const fall = isScanned ? limits.fall : limits.fallBesideIndex
      const served = servedBy(
        trial.results.filter(result => result.statementId === id),
        { cost: limits.cost, fall },
      )
      return served ? [{ question, trial, served }] : []
    })
  })
  return withoutPrefixes(grouped(chosen(offers, limits)), offers)
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
): ServedStatement | undefined {
  const byCost = results.filter(
    ({ usesCandidate, costBefore, costAfter }) =>
      usesCandidate && costBefore >= limits.cost && costAfter <= costBefore * (1 - limits.fall),
  )
  const claims = byCost.length > 0 ? byCost : hiddenByLimit(results, limits)
  const timed = results.flatMap(({ medianMsBefore, medianMsAfter }) =>
    medianMsBefore === undefined || medianMsAfter === undefined
      ? []
      : [{ before: medianMsBefore, after: medianMsAfter }],
  )
  const [first] = claims
  if (!first) return undefined
  const before = timed.reduce((sum, pair) => sum + pair.before, 0)
  const after = timed.reduce((sum, pair) => sum + pair.after, 0)
  if (timed.length > 0 && after > before * 0.8) return undefined
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

/** For each statement and table the narrowest index, unless it leaves much to do and a wider one halves that or makes a sort disappear. */
function chosen(offers: readonly Offer[], limits: IndexAdviceLimits): readonly Offer[] {
  const byPlace = new Map<string, Offer[]>()
  for (const offer of offers) {
    const key = `${offer.served.statementId}|${offer.question.candidate.schema}.${offer.question.candidate.table}`
    byPlace.set(key, [...(byPlace.get(key) ?? []), offer])
  }
  return [...byPlace.values()].flatMap(place => {
    const narrowFirst = place.toSorted(
      (a, b) => width(a) - width(b) || costOf(a) - costOf(b) || keyOf(a).localeCompare(keyOf(b)),
    )
    let best = narrowFirst[0]
    for (const offer of narrowFirst.slice(1)) {
      if (best && width(offer) > width(best) && isWorthWidening(best, offer, limits)) best = offer
    }
    return best ? [best] : []
  })
}

function isWorthWidening(narrow: Offer, wide: Offer, limits: IndexAdviceLimits): boolean {
  // dexter tries a second column only where the first leaves a cost above its minimum: a sort of ten rows is free.
  if (costOf(narrow) < limits.cost) return false
  const sortGoes = narrow.served.sortsAfter && !wide.served.sortsAfter
  return costOf(wide) <= costOf(narrow) * (1 - limits.fall) || (sortGoes && costOf(wide) <= costOf(narrow))
}

const width = ({ question }: Offer) => question.candidate.columns.length
const keyOf = ({ question }: Offer) => candidateKey(question.candidate)
const costOf = ({ served }: Offer) => served.costAfter

function grouped(offers: readonly Offer[]): readonly IndexAdvice[] {
  const byCandidate = new Map<string, { question: IndexQuestion; trial: IndexTrial; served: ServedStatement[] }>()
  for (const offer of offers) {
    const known = byCandidate.get(keyOf(offer))
    if (known) known.served.push(offer.served)
    else byCandidate.set(keyOf(offer), { question: offer.question, trial: offer.trial, served: [offer.served] })
  }
  return [...byCandidate.values()].map(advice => ({
    ...advice,
    served: advice.served.toSorted((a, b) => order(advice.question, a) - order(advice.question, b)),
  }))
}

function order(question: IndexQuestion, { statementId }: ServedStatement): number {
  const at = question.statementIds.indexOf(statementId)
  return at < 0 ? Infinity : at
}

/** An index whose columns another chosen one begins with is not needed beside it, when that one serves its statements too. */
function withoutPrefixes(advice: readonly IndexAdvice[], offers: readonly Offer[]): readonly IndexAdvice[] {
  const takenBy = new Map<IndexAdvice, IndexAdvice>()
  for (const narrow of advice) {
    const wide = advice.find(
      other =>
        other !== narrow &&
        isPrefix(narrow.question.candidate, other.question.candidate) &&
        narrow.served.every(({ statementId }) =>
          offers.some(offer => offer.trial === other.trial && offer.served.statementId === statementId),
        ),
    )
    if (wide) takenBy.set(narrow, wide)
  }
  return advice
    .filter(one => !takenBy.has(one))
    .map(wide => ({
      ...wide,
      served: [...wide.served, ...[...takenBy].flatMap(([narrow, taker]) => (taker === wide ? narrow.served : []))],
    }))
}

function isPrefix(narrow: IndexCandidate, wide: IndexCandidate): boolean {
  return (
    narrow.schema === wide.schema &&
    narrow.table === wide.table &&
    narrow.method === wide.method &&
    narrow.columns.length < wide.columns.length &&
    narrow.columns.every(({ name }, at) => wide.columns[at]?.name === name)
  )
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
    const { candidate } = question
    const table = tableOf(pg, `${candidate.schema}.${candidate.table}`)
    if (!table || candidate.columns.length > 1 || candidate.method !== 'btree') return []
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
