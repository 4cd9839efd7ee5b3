/** Plans and times statements on the scratch database, with and without candidate indexes. */
import type { Client } from 'pg'
import { escapeIdentifier } from 'pg'
import { indexDefinition, usesTrigrams } from '@whetstone/catalogue'
import type {
  EvidenceRequest,
  IndexCandidate,
  IndexMargin,
  IndexTrial,
  IndexTrialResult,
  PgEvidence,
  PgPlan,
  Statement,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { reasonOf } from '../parts.ts'
import { boundText, explainGeneric, explainWith, isPlannable, isReadOnly } from './explain.ts'
import { someNode } from './plan.ts'
import type { ExplainedPlan } from './plan.ts'
import { qualified } from './scratch-copy.ts'
import type { TrialPlace } from './trial-place.ts'

export type TrialRequest = Extract<EvidenceRequest, { kind: 'index-trial' }>

/** Plans and times before the index are the same for every candidate and are taken once. */
export class TrialBench {
  readonly #place: TrialPlace
  readonly #client: Client
  readonly #pg: PgEvidence
  readonly #statements: ReadonlyMap<string, Statement>
  readonly #parameterSets: number
  readonly #deadlineMs: number
  readonly #signal: AbortSignal
  readonly #before = new Map<string, Reading | undefined>()

  constructor(place: TrialPlace, pg: PgEvidence, options: BenchOptions) {
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

  async tryIndex({ candidate, together = [], statementIds }: TrialRequest): Promise<IndexTrial> {
    const cases = statementIds.flatMap(id => this.#casesOf(id))
    for (const one of cases) if (!this.#before.has(one.key)) this.#before.set(one.key, await this.#read(one, true))
    const built: BuiltIndex[] = []
    try {
      for (const each of [candidate, ...together]) built.push(await this.#create(each, built.length))
      const results: IndexTrialResult[] = []
      for (const one of cases) {
        const before = this.#before.get(one.key)
        if (!before || this.isOver()) continue
        const after = await this.#settled(one, before, plan => built.every(index => isIndexOf(plan, index)))
        if (after) results.push(resultOf(one, before, after))
      }
      return {
        candidate,
        by: this.#place.by,
        ...sumOf(built),
        results,
        ...(together.length > 0 ? { together } : {}),
      }
    } finally {
      await this.#drop(built)
    }
  }

  /**
   * Builds all of them and takes each away in turn. One that no plan misses is dropped for good before the next is looked
   * at, so that of two that stand in for one another one stays. Only on a copy: HypoPG cannot hide an index for a moment.
   */
  async margins(
    requests: readonly TrialRequest[],
    isNeeded: (margins: readonly IndexMargin[]) => boolean,
  ): Promise<readonly (readonly IndexMargin[])[]> {
    if (this.#place.by === 'hypopg') return []
    const built: BuiltIndex[][] = []
    const margins: (readonly IndexMargin[])[] = []
    try {
      for (const { candidate, together = [] } of requests) {
        const own: BuiltIndex[] = []
        built.push(own)
        for (const each of [candidate, ...together]) own.push(await this.#create(each, built.flat().length))
      }
      for (const [at, { statementIds }] of requests.entries()) {
        if (this.isOver()) return []
        const cases = statementIds.flatMap(id => this.#casesOf(id))
        const costs = async () => {
          const taken = []
          for (const one of cases) taken.push(await this.#costOf(one))
          return taken
        }
        await this.#client.query('BEGIN')
        const costsWith = await costs()
        const costsWithout = await this.#drop(built[at]!).then(costs)
        const found = cases.flatMap(({ statement, parameterSet }, place): IndexMargin[] => {
          const [costWith, costWithout] = [costsWith[place], costsWithout[place]]
          if (costWith === undefined || costWithout === undefined) return []
          const set = parameterSet === undefined ? {} : { parameterSet }
          return [{ statementId: statement.id, ...set, costWith, costWithout }]
        })
        margins.push(found)
        if (isNeeded(found)) await this.#client.query('ROLLBACK')
        else {
          await this.#client.query('COMMIT')
          built[at] = []
        }
      }
      return margins
    } finally {
      await this.#client.query('ROLLBACK')
      await this.#drop(built.flat())
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

  /** Slower with the index than without may be the index, or the machine: that is timed again, and the best time counts. */
  async #settled(
    one: TrialCase,
    before: Reading,
    isUsed: (plan: ExplainedPlan) => boolean,
  ): Promise<Reading | undefined> {
    let best = await this.#read(one, isUsed)
    for (let again = 0; again < mostRepeats && !this.isOver(); again++) {
      if (best?.medianMs === undefined || before.medianMs === undefined || best.medianMs <= before.medianMs / 2) break
      const next = await this.#read(one, isUsed)
      if (next?.medianMs !== undefined && next.medianMs < best.medianMs) best = next
    }
    return best
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

  /** Within a transaction. */
  async #costOf({ statement, parameterSet }: TrialCase): Promise<number | undefined> {
    const sample = parameterSet === undefined ? undefined : statement.parameters[parameterSet]
    await this.#client.query('SAVEPOINT plan')
    try {
      const plan = sample
        ? await explainWith(this.#client, statement, sample)
        : await explainGeneric(this.#client, statement, this.#pg.serverVersion)
      return plan?.totalCost
    } catch {
      await this.#client.query('ROLLBACK TO SAVEPOINT plan')
      return undefined
    }
  }

  async #create(candidate: IndexCandidate, number: number): Promise<BuiltIndex> {
    const { schema, table } = candidate
    const definition = indexDefinition(candidate, qualified({ schema, name: table }))
    if (this.#place.by === 'hypopg') {
      const { rows } = await this.#client.query<{ name: string; bytes: number }>(
        'select indexname as name, hypopg_relation_size(indexrelid)::float8 as bytes from hypopg_create_index($1)',
        [`CREATE INDEX ON ${definition}`],
      )
      return { schema, name: rows[0]!.name, indexBytes: rows[0]!.bytes }
    }
    if (usesTrigrams(candidate)) await this.#client.query('CREATE EXTENSION IF NOT EXISTS pg_trgm')
    await this.#client.query('SET statement_timeout = 60000')
    const name = `${trialIndex}_${number}`
    const began = performance.now()
    await this.#client.query(`CREATE INDEX ${name} ON ${definition}`)
    const buildMs = performance.now() - began
    // What an expression is worth is only known once its values were counted.
    if (candidate.columns.some(({ expression }) => expression !== undefined))
      await this.#client.query(`ANALYZE ${qualified({ schema, name: table })}`)
    const { rows } = await this.#client.query<{ bytes: number }>(
      'select pg_relation_size($1::regclass)::float8 as bytes',
      [`${escapeIdentifier(schema)}.${name}`],
    )
    return { schema, name, buildMs, indexBytes: rows[0]!.bytes }
  }

  async #drop(built: readonly BuiltIndex[]): Promise<void> {
    if (this.#place.by === 'hypopg') return void (await this.#client.query('select hypopg_reset()'))
    for (const { schema, name } of built)
      await this.#client.query(`DROP INDEX ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`)
  }
}

interface BenchOptions {
  readonly statements: readonly Statement[]
  readonly budgetMs?: number
  readonly parameterSets?: number
  readonly signal: AbortSignal
}

const trialIndex = 'whetstone_candidate'
const emptySample = { values: [], kept: 'random', durationMs: 0 } as const
const runs = 5
const mostRepeats = 2
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
  readonly schema: string
  readonly name: string
  readonly buildMs?: number
  readonly indexBytes?: number
}

function sumOf(built: readonly BuiltIndex[]): Pick<IndexTrial, 'buildMs' | 'indexBytes'> {
  const sum = (of: (index: BuiltIndex) => number | undefined) => built.reduce((total, one) => total + (of(one) ?? 0), 0)
  const buildMs = sum(one => one.buildMs)
  return { indexBytes: sum(one => one.indexBytes), ...(buildMs > 0 ? { buildMs } : {}) }
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
function isIndexOf({ root }: ExplainedPlan, { name }: BuiltIndex): boolean {
  return someNode(root, ({ index }) => index === name || (index?.startsWith('<') === true && index.includes(name)))
}
