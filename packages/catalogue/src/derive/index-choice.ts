/** Which of the offered indexes to have together: few that serve many, each worth more than its writes. */
import type { IndexTrial, PgEvidence, StatementsEvidence } from '@whetstone/model'
import type { IndexAdvice, IndexAdviceLimits, ServedStatement } from './index-advice.ts'
import type { IndexQuestion } from './index-candidates.ts'
import { indexCost, type IndexCost } from './index-cost.ts'
import { candidateKey, indexDefinition } from './index-sql.ts'
import { statementTimes } from './statement-time.ts'

/** One index for one statement. */
export interface Offer {
  readonly question: IndexQuestion
  readonly trial: IndexTrial
  readonly served: ServedStatement
}

/** A statement on a table, with all indexes that would do for it; the best of them first. */
interface Place {
  readonly best: Offer
  readonly fit: readonly Offer[]
  /** Of all that fit: what tells them apart is the noise of the clock. */
  readonly gainMs: number
}

/**
 * Greedy cover: again and again the index that returns most for all places that have none yet. Among those that return
 * almost the same, the one that serves more places, then the narrowest.
 */
export function chosen(
  offers: readonly Offer[],
  pg: PgEvidence,
  statements: StatementsEvidence,
  limits: IndexAdviceLimits,
): readonly IndexAdvice[] {
  const totalMs = new Map(statementTimes(statements).map(time => [time.statementId, time.totalMs]))
  const candidates = new Map(offers.map(offer => [keyOf(offer), offer]))
  const weigh = weigher(pg, statements, totalMs)
  let open = placesOf(offers, limits, weigh)
  const advice: IndexAdvice[] = []
  const taken = new Set<string>()
  while (open.length > 0) {
    const rated = [...candidates.values()].flatMap(candidate => {
      const own = open.flatMap(place => {
        const offer = place.fit.find(one => keyOf(one) === keyOf(candidate))
        return offer ? [{ place, offer }] : []
      })
      const gainMs = own.reduce((sum, { place }) => sum + place.gainMs, 0)
      const cost = weigh.costOf(candidate)
      return own.length > 0 && gainMs > (cost?.writeMs ?? 0)
        ? [{ candidate, own, netMs: gainMs - (cost?.writeMs ?? 0), cost }]
        : []
    })
    const mostMs = Math.max(...rated.map(({ netMs }) => netMs))
    const bestOf = (own: readonly { readonly place: Place; readonly offer: Offer }[]) =>
      own.filter(({ place, offer }) => keyOf(place.best) === keyOf(offer)).length
    const [pick] = rated
      .filter(({ netMs }) => netMs >= mostMs * ALMOST)
      .toSorted(
        (a, b) =>
          b.own.length - a.own.length ||
          bestOf(b.own) - bestOf(a.own) ||
          width(a.candidate) - width(b.candidate) ||
          keyOf(a.candidate).localeCompare(keyOf(b.candidate)),
      )
    if (!pick) break
    const { question, trial } = pick.candidate
    const served = pick.own.map(({ offer }) => offer.served)
    advice.push({
      question,
      trial,
      served: served.toSorted((a, b) => order(question, a) - order(question, b)),
      ...(pick.cost ? { cost: pick.cost } : {}),
    })
    for (const definition of definitionsOf(pick.candidate)) taken.add(definition)
    // What was taken may do for other places by the way: one side of a join that was taken with the other.
    const isDone = ({ fit }: Place) =>
      fit.some(offer => definitionsOf(offer).every(definition => taken.has(definition)))
    open = open.filter(place => !pick.own.some(one => one.place === place) && !isDone(place))
  }
  return advice
}

/** Times of a busy machine differ by this much of themselves without a reason. */
const ALMOST = 0.9

/** Of the statement's time, 0 to 1. */
function gainOf({ served }: Offer): number {
  const { medianMsBefore, medianMsAfter, costBefore, costAfter } = served
  const left =
    medianMsBefore === undefined || medianMsAfter === undefined
      ? costAfter / costBefore
      : medianMsAfter / Math.max(medianMsBefore, 0.001)
  return Math.max(0, 1 - left)
}

interface Weigh {
  /** Milliseconds of the window that the index returns to the statement. */
  readonly gainMs: (offer: Offer) => number
  /** What the statement takes in the window as things are. */
  readonly totalMs: (offer: Offer) => number
  readonly costOf: (offer: Offer) => IndexCost | undefined
}

function weigher(pg: PgEvidence, statements: StatementsEvidence, totalMs: ReadonlyMap<string, number>): Weigh {
  const costs = new Map<string, IndexCost | undefined>()
  const ofStatement = ({ served }: Offer) => totalMs.get(served.statementId) ?? 0
  return {
    totalMs: ofStatement,
    gainMs: offer => gainOf(offer) * ofStatement(offer),
    costOf: offer => {
      const key = keyOf(offer)
      const { candidate, together = [] } = offer.question
      if (!costs.has(key)) costs.set(key, indexCost(pg, statements, [candidate, ...together]))
      return costs.get(key)
    },
  }
}

function placesOf(offers: readonly Offer[], limits: IndexAdviceLimits, weigh: Weigh): readonly Place[] {
  const byPlace = new Map<string, Offer[]>()
  for (const offer of offers) {
    const key = `${offer.served.statementId}|${offer.question.candidate.schema}.${offer.question.candidate.table}`
    byPlace.set(key, [...(byPlace.get(key) ?? []), offer])
  }
  return [...byPlace.values()].map(place => {
    const best = bestOf(place, limits, weigh)
    const fit = place.filter(offer => offer === best || isAsGood(offer, best, limits))
    return { best, fit, gainMs: Math.max(...fit.map(weigh.gainMs)) }
  })
}

/** The narrowest, unless it leaves much to do and a wider one halves that or makes a sort disappear, or a much smaller one does the same. */
function bestOf(place: readonly Offer[], limits: IndexAdviceLimits, weigh: Weigh): Offer {
  const [first, ...others] = place.toSorted(
    (a, b) => width(a) - width(b) || costOf(a) - costOf(b) || keyOf(a).localeCompare(keyOf(b)),
  )
  let best = first!
  for (const offer of others) {
    const isWider = width(offer) > width(best) && isWorthWidening(best, offer, limits)
    if ((isWider && isWorthItsWrites(best, offer, weigh)) || isFarSmaller(offer, best, limits)) best = offer
  }
  return best
}

/** What the wider one returns beyond the other must pay for what its entries cost beyond it. */
function isWorthItsWrites(narrow: Offer, wide: Offer, { totalMs, costOf: costsOf }: Weigh): boolean {
  const moreMs = (costsOf(wide)?.writeMs ?? 0) - (costsOf(narrow)?.writeMs ?? 0)
  // By plan cost: between two that are both quick, the clock has nothing to say.
  const moreGain = (costOf(narrow) - costOf(wide)) / narrow.served.costBefore
  return moreMs <= 0 || moreGain * totalMs(wide) >= moreMs
}

function isWorthWidening(narrow: Offer, wide: Offer, limits: IndexAdviceLimits): boolean {
  // dexter tries a second column only where the first leaves a cost above its minimum: a sort of ten rows is free.
  const isCarried = (wide.question.candidate.include?.length ?? 0) > 0
  if (costOf(narrow) < (isCarried ? LEAST_COST_TO_COVER : limits.cost)) return false
  return costOf(wide) <= costOf(narrow) * (1 - limits.fall) || isSortGone(narrow, wide)
}

/** About sixty rows fetched at the planner's price of 4 a page: below it, visiting the table is no reason for a wider index. */
const LEAST_COST_TO_COVER = 250

const isSortGone = (narrow: Offer, wide: Offer): boolean =>
  narrow.served.sortsAfter && !wide.served.sortsAfter && costOf(wide) <= costOf(narrow)

/** A part of the rows is enough: what is written elsewhere in the table costs it nothing. */
function isFarSmaller(part: Offer, whole: Offer, limits: IndexAdviceLimits): boolean {
  if (part.question.candidate.where === undefined || whole.question.candidate.where !== undefined) return false
  const [partBytes, wholeBytes] = [part.trial.indexBytes, whole.trial.indexBytes]
  return (
    partBytes !== undefined &&
    wholeBytes !== undefined &&
    partBytes <= wholeBytes * FAR_SMALLER &&
    costOf(part) <= Math.max(costOf(whole), limits.cost) &&
    !(part.served.sortsAfter && !whole.served.sortsAfter)
  )
}
/** A quarter of the pages is what makes a partial index worth its condition. */
const FAR_SMALLER = 0.25

/** Serves the statement as well as the best one does: the best would not be worth having beside it. */
function isAsGood(offer: Offer, best: Offer, limits: IndexAdviceLimits): boolean {
  return costOf(offer) <= costOf(best) || !isWorthWidening(offer, best, limits)
}

/** Keys count most, then columns carried along, then what is no plain column of all rows. */
function width({ question: { candidate, together = [] } }: Offer): number {
  const { columns, include = [], where } = candidate
  const special = columns.filter(({ expression, operatorClass }) => expression !== undefined || operatorClass).length
  return (
    columns.length * 4 +
    (include.length > 0 ? 5 + include.length : 0) +
    (where === undefined ? 0 : 1) +
    special +
    together.length * 4
  )
}
const definitionsOf = ({ question: { candidate, together = [] } }: Offer): readonly string[] =>
  [candidate, ...together].map(one => indexDefinition(one))
const keyOf = ({ question }: Offer): string => candidateKey(question)
const costOf = ({ served }: Offer): number => served.costAfter

function order(question: IndexQuestion, { statementId }: ServedStatement): number {
  const at = question.statementIds.indexOf(statementId)
  return at < 0 ? Infinity : at
}
