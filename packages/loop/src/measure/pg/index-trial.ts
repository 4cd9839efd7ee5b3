/** Answers "what would this index do": plans the statements with and without it, for every captured parameter set, and times them where that is allowed. */
import { candidateKey, isNeeded, type Proposal } from '@whetstone/catalogue'
import type { EvidenceRequest, IndexTrial, PgEvidence, PgPlan, PgTable, Statement } from '@whetstone/model'
import { loadStatementParser } from '../statement/parse.ts'
import { Parts } from '../parts.ts'
import { TrialBench, type TrialRequest } from './trial-bench.ts'
import { openTrialPlace } from './trial-place.ts'
import type { PlaceOptions } from './trial-place.ts'

export interface IndexTrialOptions extends PlaceOptions {
  readonly statements: readonly Statement[]
  readonly maxTrials?: number
  /** For all together; what does not fit is not answered. */
  readonly budgetMs?: number
  readonly parameterSets?: number
  /** Which of the tried ones are worth having together: those are built once more, all at the same time. */
  readonly choose?: (pg: PgEvidence) => readonly Proposal[]
}

type DatabaseRequest = Extract<EvidenceRequest, { kind: 'index-trial' | 'explain' }>

/** The evidence with `indexTrials` and `analyze` plans added. Never rejects for a single request: that stays unanswered, with the reason in `unavailable`. */
export async function runIndexTrials(
  pg: PgEvidence,
  requests: readonly DatabaseRequest[],
  options: IndexTrialOptions,
): Promise<PgEvidence> {
  const parts = new Parts()
  const trials: IndexTrial[] = []
  const plans: PgPlan[] = []
  const asked = requests.filter(request => request.kind === 'explain')
  await loadStatementParser()
  const place = await parts.read('indexTrials', undefined, () =>
    openTrialPlace(pg, tablesOf(pg, requests, options), options),
  )
  if (place) {
    try {
      const bench = new TrialBench(place, pg, options)
      const wanted = mergedByCandidate(requests.filter(request => request.kind === 'index-trial')).slice(
        0,
        options.maxTrials ?? 64,
      )
      for (const request of wanted) {
        if (bench.isOver()) {
          parts.note('indexTrials', `${wanted.length - trials.length} candidates did not fit into the time`)
          break
        }
        const trial = await parts.read('indexTrials', undefined, () => triedUnlessImpossible(bench, request))
        if (trial) trials.push(trial)
      }
      await parts.read('indexTrials', undefined, () => compareChosen(bench, pg, wanted, trials, options.choose))
      for (const { statementId } of asked) {
        const run = await bench.explain(statementId)
        plans.push(...run.plans)
        if (run.why !== undefined) parts.note('explain', run.why)
      }
    } finally {
      await place.close().catch(() => {})
    }
    for (const remark of place.remarks.slice(0, 1)) parts.note('scratch', remark)
  } else {
    parts.note('indexTrials', 'no place to try an index: neither HypoPG nor a scratch server to copy rows to')
    if (asked.length > 0) parts.note('explain', 'no place to run them: no scratch server to copy rows to')
  }
  return {
    ...pg,
    indexTrials: [...pg.indexTrials, ...trials],
    plans: [...pg.plans, ...plans],
    unavailable: { ...pg.unavailable, ...parts.unavailable },
  }
}

/** An expression whose function may answer differently tomorrow, or a type the operator class does not know: the question is answered, by no. */
const impossible = new Set(['42P17', '42704', '42804', '42883'])

async function triedUnlessImpossible(bench: TrialBench, request: TrialRequest): Promise<IndexTrial | undefined> {
  try {
    return await bench.tryIndex(request)
  } catch (error) {
    if (impossible.has((error as { readonly code?: string }).code ?? '')) return undefined
    throw error
  }
}

/** Notes on every chosen one what the others leave for it to do. */
async function compareChosen(
  bench: TrialBench,
  pg: PgEvidence,
  requests: readonly TrialRequest[],
  trials: IndexTrial[],
  choose: IndexTrialOptions['choose'],
): Promise<void> {
  const keys = new Set(choose?.({ ...pg, indexTrials: [...pg.indexTrials, ...trials] }).map(candidateKey))
  // Alone, it was compared with nothing already.
  if (keys.size < 2) return
  const chosen = requests.filter(request => keys.has(candidateKey(request)))
  const margins = await bench.margins(chosen, isNeeded)
  for (const [at, found] of margins.entries()) {
    const key = candidateKey(chosen[at]!)
    const place = trials.findIndex(trial => candidateKey(trial) === key)
    if (place >= 0) trials[place] = { ...trials[place]!, amongChosen: found }
  }
}

/** One build answers every request about the same index. */
function mergedByCandidate(requests: readonly TrialRequest[]): TrialRequest[] {
  const merged = new Map<string, TrialRequest>()
  for (const request of requests) {
    const key = candidateKey(request)
    const statementIds = new Set([...(merged.get(key)?.statementIds ?? []), ...request.statementIds])
    merged.set(key, { ...request, statementIds: [...statementIds] })
  }
  return [...merged.values()]
}

/** Every table that a named statement or a candidate mentions; views are not followed. */
function tablesOf(pg: PgEvidence, requests: readonly DatabaseRequest[], { statements }: IndexTrialOptions): PgTable[] {
  const ids = new Set(requests.flatMap(one => (one.kind === 'explain' ? [one.statementId] : one.statementIds)))
  const names = new Set(statements.filter(({ id }) => ids.has(id)).flatMap(({ shape }) => shape?.tables ?? []))
  for (const one of requests) if (one.kind === 'index-trial') names.add(one.candidate.table)
  return pg.tables.filter(({ schema, name }) => names.has(name) || names.has(`${schema}.${name}`))
}
