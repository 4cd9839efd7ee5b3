/** Reads asked for one by one and made together: a service of a key, over a loader of many. */
import { AsyncResource } from 'node:async_hooks'
import { inspect } from 'node:util'
import type { Ctx } from '../context.ts'
import { Fault } from '../fault.ts'
import { scoped, type ScopeKey } from '../request-scope.ts'
import type { Service } from '../service.ts'
import { type BatchCounts, Collector, type CollectorSettings } from './collector.ts'
import { deal, type Loaded } from './deal.ts'
import { type Identity, identityOf } from './identity.ts'

/** What the answer is where the loader found no row. */
export type Missing = 'undefined' | 'null' | 'fault'

export interface BatchedOptions<Key, Row> {
  /** Whose row it is. Without it the loader answers in the order of the keys, or by a map. A bigint read as text finds its number. */
  readonly by?: (row: Row) => Key
  /** Keys of one load. More are loaded in several. Default 1,000. */
  readonly max?: number
  /** Loads under way at once, in one request or, when shared, in all; what comes meanwhile makes the next. Default 4. */
  readonly concurrency?: number
  /**
   * `tick` (default) collects what is asked for before the event loop goes on. `{ maxMs }` may hold the batch open longer,
   * up to `maxMs` (1 to 1,000), for as long as that is seen to bring in more keys.
   */
  readonly window?: 'tick' | { readonly maxMs: number }
  /** `request` (default) never mixes the keys of two requests (`withRequestScope`); outside any, and with `shared`, all callers are together. */
  readonly scope?: 'request' | 'shared'
  /** When two keys are one. Default: by value, also for lists and plain objects. */
  readonly identify?: (key: Key) => Identity
  /** Keys that may wait for a load; beyond, calls fail with `FAULT_BATCH_FULL`. Default 100,000. */
  readonly maxQueued?: number
  /** In faults and telemetry. Default: the name of the loader. */
  readonly name?: string
}

/** Gives up when its `ctx` is cancelled, as a query does: until it has settled it is one of the loads under way. */
export type BatchLoader<Key, Row> = (keys: readonly Key[], ctx: Ctx) => Promise<Loaded<Key, Row>> | Loaded<Key, Row>

export interface Batched<Key, Value> extends Service<Key, Value> {
  /** Totals since it was made, of all scopes. */
  stats(): Readonly<BatchCounts>
}

type Answer<Row, M extends Missing> = M extends 'fault' ? Row : M extends 'null' ? Row | null : Row | undefined

/**
 * A caller with a context leaves when that is cancelled or its deadline passes; the load is cancelled when the last one left,
 * and its deadline is the latest of theirs.
 *
 * ```ts
 * const userById = batched(
 *   async (ids: readonly number[], ctx) => (await db.query<User>('SELECT * FROM users WHERE id = ANY($1)', [ids], ctx)).rows,
 *   { by: user => user.id })
 * ```
 * @throws Fault `FAULT_BATCH_FULL`, `FAULT_BATCH_KEY`, `FAULT_BATCH_SHAPE`, `FAULT_CANCELLED`, `FAULT_DEADLINE`, with
 * `missing: 'fault'` `FAULT_MISSING`, and whatever the loader throws, to everybody who asked
 */
export function batched<Key, Row>(
  load: BatchLoader<Key, Row>,
  options: BatchedOptions<Key, Row> & { readonly many: true; readonly by: (row: Row) => Key },
): Batched<Key, readonly Row[]>
export function batched<Key, Row, M extends Missing = 'undefined'>(
  load: BatchLoader<Key, Row>,
  options?: BatchedOptions<Key, Row> & { readonly missing?: M },
): Batched<Key, Answer<NonNullable<Row>, M>>
export function batched<Key, Row>(
  load: BatchLoader<Key, Row>,
  options: BatchedOptions<Key, Row> & { readonly missing?: Missing; readonly many?: boolean } = {},
): Batched<Key, unknown> {
  const identify = options.identify ?? identityOf
  const name = options.name ?? (load.name || 'batch')
  const dealing = { by: options.by, identify, many: options.many ?? false }
  const absent = options.missing ?? 'undefined'
  const missing = missingOf(absent, name)
  const counted: BatchCounts = { loads: 0, keys: 0, failedLoads: 0 }
  const settings: CollectorSettings<Key> = {
    name,
    identify,
    counted,
    async load(keys, ctx) {
      const answers = deal(keys, await load(keys, ctx), dealing)
      // Nothing is copied where the loader says it as it was asked for.
      return absent === 'undefined' && !answers.includes(null)
        ? answers
        : answers.map((answer, at) => answer ?? missing(keys[at]))
    },
    max: bounded('max', options.max ?? 1_000, 1, Infinity),
    concurrency: bounded('concurrency', options.concurrency ?? 4, 1, Infinity),
    maxQueued: bounded('maxQueued', options.maxQueued ?? 100_000, 1, Infinity),
    longestWindowMs: typeof options.window === 'object' ? bounded('window.maxMs', options.window.maxMs, 1, 1_000) : 0,
    run: work => work(),
  }
  const outside = new AsyncResource('whetstone.batch')
  const shared = new Collector<Key>({ ...settings, run: work => outside.runInAsyncScope(work) })
  const ofScope: ScopeKey<Collector<Key>> = { make: () => new Collector<Key>(settings) }
  const call: Service<Key, unknown> =
    options.scope === 'shared'
      ? (key, ctx) => shared.add(key, ctx)
      : (key, ctx) => (scoped(ofScope) ?? shared).add(key, ctx)
  return Object.assign(call, { stats: () => ({ ...counted }) })
}

function missingOf(missing: Missing, name: string): (key: unknown) => unknown {
  switch (missing) {
    case 'undefined':
      return () => undefined
    case 'null':
      return () => null
    case 'fault':
      return key =>
        new Fault('FAULT_MISSING', `${name} has no row for ${inspect(key)}`, {
          retryable: false,
        })
  }
}

function bounded(what: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value
  throw new RangeError(`${what} of a batch must be ${low} to ${high}, not ${value}`)
}
