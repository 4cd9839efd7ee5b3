/** Answers "what would this index do": plans the statements with and without it, for every captured parameter set, and times them where that is allowed. */
import type { Client } from 'pg'
import { escapeIdentifier } from 'pg'
import type {
  EvidenceRequest,
  IndexCandidate,
  IndexTrial,
  IndexTrialResult,
  PgEvidence,
  PgPlan,
  PgTable,
  Statement,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { loadStatementParser } from '../statement/parse.ts'
import { reasonOf } from './connect.ts'
import { boundText, explainGeneric, explainWith, isPlannable, isReadOnly } from './explain.ts'
import { Parts } from './parts.ts'
import { someNode } from './plan.ts'
import type { ExplainedPlan } from './plan.ts'
import { qualified } from './scratch-copy.ts'
import { openTrialPlace } from './trial-place.ts'
import type { PlaceOptions, TrialPlace } from './trial-place.ts'

export interface IndexTrialOptions extends PlaceOptions {
  readonly statements: readonly Statement[]
  readonly maxTrials?: number
  /** For all together; what does not fit is not answered. */
  readonly budgetMs?: number
  readonly parameterSets?: number
}

type DatabaseRequest = Extract<EvidenceRequest, { kind: 'index-trial' | 'explain' }>
type TrialRequest = Extract<EvidenceRequest, { kind: 'index-trial' }>

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
        options.maxTrials ?? 40,
      )
      for (const request of wanted) {
        if (bench.isOver()) {
          parts.note('indexTrials', `${wanted.length - trials.length} candidates did not fit into the time`)
          break
        }
        const trial = await parts.read('indexTrials', undefined, () => bench.tryIndex(request))
        if (trial) trials.push(trial)
      }
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

/** Plans and times before the index are the same for every candidate and are taken once. */
class TrialBench {
  readonly #place: TrialPlace
  readonly #client: Client
  readonly #pg: PgEvidence
  readonly #statements: ReadonlyMap<string, Statement>
  readonly #parameterSets: number
  readonly #deadlineMs: number
  readonly #signal: AbortSignal
  readonly #before = new Map<string, Reading | undefined>()

  constructor(place: TrialPlace, pg: PgEvidence, options: IndexTrialOptions) {
    this.#place = place
    this.#client = place.client
    this.#pg = pg
    this.#statements = new Map(options.statements.map(statement => [statement.id, statement]))
    this.#parameterSets = options.parameterSets ?? 8
    this.#deadlineMs = performance.now() + (options.budgetMs ?? 60_000)
    this.#signal = options.signal
  }

  isOver(): boolean {
    return this.#signal.aborted || performance.now() > this.#deadlineMs
  }

  async tryIndex({ candidate, statementIds }: TrialRequest): Promise<IndexTrial> {
    const cases = statementIds.flatMap(id => this.#casesOf(id))
    for (const one of cases) if (!this.#before.has(one.key)) this.#before.set(one.key, await this.#read(one, true))
    const index = await this.#create(candidate)
    try {
      const results: IndexTrialResult[] = []
      for (const one of cases) {
        const before = this.#before.get(one.key)
        if (!before || this.isOver()) continue
        const after = await this.#read(one, plan =>
          someNode(plan.root, node => node.index === index.name || isHypothetical(node.index, index.name)),
        )
        if (after) results.push(resultOf(one, before, after))
      }
      const { name: _, ...figures } = index
      return { candidate, by: this.#place.by, ...figures, results }
    } finally {
      await this.#drop(candidate, index.name)
    }
  }

  /** Runs the statement, on a scratch database only; without a plan there is a reason why. */
  async explain(statementId: string): Promise<{ readonly plans: readonly PgPlan[]; readonly why?: string }> {
    if (this.#place.by === 'hypopg') return { plans: [], why: 'they are run on a copy only, and HypoPG makes none' }
    const plans: PgPlan[] = []
    let why = 'they change data, or no parameters were captured to run them with'
    for (const { statement, parameterSet } of this.#casesOf(statementId).slice(0, 1 + mostExplainedSets)) {
      const sample = parameterSet === undefined ? emptySample : statement.parameters[parameterSet]
      if (!isReadOnly(statement) || !sample) continue
      if (this.isOver()) return { plans, why: 'they did not fit into the time' }
      try {
        const plan = await this.#readOnly(() =>
          explainWith(this.#client, statement, sample, 'ANALYZE, BUFFERS, FORMAT JSON'),
        )
        if (plan)
          plans.push({ statementId, kind: 'analyze', ...(parameterSet === undefined ? {} : { parameterSet }), ...plan })
      } catch (error) {
        why = reasonOf(error)
      }
    }
    return plans.length > 0 ? { plans } : { plans, why }
  }

  #casesOf(statementId: string): TrialCase[] {
    const statement = this.#statements.get(statementId)
    if (!statement || !isPlannable(statement)) return []
    const sets = statement.parameters.slice(0, this.#parameterSets).map((_, set) => set)
    return [undefined, ...sets].map(parameterSet => ({
      statement,
      parameterSet,
      key: `${statementId}/${parameterSet ?? ''}`,
    }))
  }

  /** Undefined where it cannot be planned: another role, a missing table, a text without types. */
  async #read(one: TrialCase, timed: true | ((plan: ExplainedPlan) => boolean)): Promise<Reading | undefined> {
    const { statement, parameterSet } = one
    const sample = parameterSet === undefined ? undefined : statement.parameters[parameterSet]
    try {
      const plan = sample
        ? await explainWith(this.#client, statement, sample)
        : await explainGeneric(this.#client, statement, this.#pg.serverVersion)
      if (!plan) return undefined
      const isUsed = timed === true || timed(plan)
      const isTimed =
        isUsed && this.#place.by !== 'hypopg' && sample && isReadOnly(statement) && plan.root.planRows <= maxTimedRows
      const text = sample && boundText(statement, sample)
      const medianMs =
        isTimed && text ? await this.#readOnly(() => timeRuns(this.#client, text, sample.values)) : undefined
      return { plan, isUsed: timed === true ? false : isUsed, medianMs }
    } catch {
      return undefined
    }
  }

  async #readOnly<T>(work: () => Promise<T>): Promise<T> {
    await this.#client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${maxRunMs}`)
    try {
      return await work()
    } finally {
      await this.#client.query('ROLLBACK')
    }
  }

  async #create(candidate: IndexCandidate): Promise<BuiltIndex> {
    const definition = definitionOf(candidate)
    if (this.#place.by === 'hypopg') {
      const { rows } = await this.#client.query<{ name: string; bytes: number }>(
        'select indexname as name, hypopg_relation_size(indexrelid)::float8 as bytes from hypopg_create_index($1)',
        [`CREATE INDEX ON ${definition}`],
      )
      return { name: rows[0]!.name, indexBytes: rows[0]!.bytes }
    }
    if (candidate.method === 'gin') await this.#client.query('CREATE EXTENSION IF NOT EXISTS pg_trgm')
    await this.#client.query('SET statement_timeout = 60000')
    const began = performance.now()
    await this.#client.query(`CREATE INDEX ${trialIndex} ON ${definition}`)
    const buildMs = performance.now() - began
    const { rows } = await this.#client.query<{ bytes: number }>(
      'select pg_relation_size($1::regclass)::float8 as bytes',
      [`${escapeIdentifier(candidate.schema)}.${trialIndex}`],
    )
    return { name: trialIndex, buildMs, indexBytes: rows[0]!.bytes }
  }

  async #drop(candidate: IndexCandidate, name: string): Promise<void> {
    if (this.#place.by === 'hypopg') await this.#client.query('select hypopg_reset()')
    else await this.#client.query(`DROP INDEX ${escapeIdentifier(candidate.schema)}.${escapeIdentifier(name)}`)
  }
}

const trialIndex = 'whetstone_candidate'
const emptySample = { values: [], kept: 'random', durationMs: 0 } as const
const runs = 5
/** Each runs the statement whole; three tell a wrong estimate from an unlucky one. */
const mostExplainedSets = 3
/** A run that takes longer is stopped; three such runs are enough to know. */
const maxRunMs = 2_000
/** Fetching more rows than this would time our own memory. */
const maxTimedRows = 20_000

interface TrialCase {
  readonly statement: Statement
  readonly parameterSet: number | undefined
  readonly key: string
}
interface Reading {
  readonly plan: ExplainedPlan
  readonly isUsed: boolean
  readonly medianMs: number | undefined
}
interface BuiltIndex {
  readonly name: string
  readonly buildMs?: number
  readonly indexBytes?: number
}

/** Seen from the client, as the application sees it. The first run only warms the cache. Undefined where even one run hits the time limit. */
async function timeRuns(client: Client, text: string, values: readonly unknown[]): Promise<number | undefined> {
  const taken: number[] = []
  let spentMs = 0
  for (let run = 0; run <= runs && spentMs < maxRunMs; run++) {
    const began = performance.now()
    try {
      await client.query({ text, values: [...values], rowMode: 'array' })
    } catch {
      return undefined
    }
    const ms = performance.now() - began
    spentMs += ms
    if (run > 0 || spentMs >= maxRunMs / 2) taken.push(ms)
  }
  return taken.length > 0 ? median(taken) : undefined
}

function resultOf(one: TrialCase, before: Reading, after: Reading): IndexTrialResult {
  return {
    statementId: one.statement.id,
    ...(one.parameterSet === undefined ? {} : { parameterSet: one.parameterSet }),
    costBefore: before.plan.totalCost,
    costAfter: after.plan.totalCost,
    usesCandidate: after.isUsed,
    ...(before.medianMs === undefined ? {} : { medianMsBefore: before.medianMs }),
    ...(after.medianMs === undefined ? {} : { medianMsAfter: after.medianMs }),
    planBefore: before.plan.root,
    planAfter: after.plan.root,
  }
}

/** HypoPG shows its index in plans as `<oid>btree_table_column`. */
function isHypothetical(shown: string | undefined, name: string): boolean {
  return shown !== undefined && shown.includes(name)
}

export function definitionOf(candidate: IndexCandidate): string {
  const columns = candidate.columns.map(({ name, descending }) => {
    const suffix = candidate.method === 'gin' ? ' gin_trgm_ops' : descending ? ' DESC' : ''
    return `${escapeIdentifier(name)}${suffix}`
  })
  return `${qualified({ schema: candidate.schema, name: candidate.table })} USING ${candidate.method} (${columns.join(', ')})`
}

/** One build answers every request about the same index. */
function mergedByCandidate(requests: readonly TrialRequest[]): TrialRequest[] {
  const merged = new Map<string, TrialRequest>()
  for (const request of requests) {
    const key = definitionOf(request.candidate)
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
