/** `postgres` (porsager): its queries are promises that run when awaited, so they are seen where they hand themselves over. */
import { captureCallSite } from '../call-site.ts'
import { now } from '../clock.ts'
import { currentRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { level, SQL, TRACE, wake } from '../level.ts'
import type { ModuleHook } from '../module-loading.ts'
import { connectionState, QueryCall } from '../query-call.ts'
import { importServicePackage } from '../service-package.ts'

type Below = (...args: never[]) => unknown
/** Between the call and the connection lies one turn of the microtask queue. */
const shortestWaitMs = 0.5
const sitesAtFirst = 40
const rawTextsAtFirst = 400
const siteEvery = 64

interface PostgresQuery {
  readonly strings?: readonly string[]
  readonly tagged?: boolean
  readonly string?: string
  readonly executed?: boolean
  readonly statement?: { readonly string?: string } | null
  readonly parameters?: readonly unknown[]
  readonly state?: object | null
  resolve(result: unknown): void
  reject(error: unknown): void
}
interface QueryPrototype {
  handle(this: PostgresQuery): unknown
}
type Postgres = (options: object) => (strings: readonly string[]) => object

/** The ES modules of the package cannot be seen loading; the CommonJS build can. */
export const postgresHooks: readonly ModuleHook[] = [
  {
    file: /\/postgres\/cjs\/src\/query\.js$/,
    patch: exports => hookQuery((exports as { Query: { prototype: QueryPrototype } }).Query.prototype),
  },
]

export async function hookPostgres(): Promise<void> {
  try {
    const module = (await importServicePackage('postgres')) as { default?: Postgres } | undefined
    if (typeof module?.default !== 'function') return
    // A query that is never awaited opens no connection and leads to its class, which the package does not export.
    const query = module.default({ host: '127.0.0.1', max: 1 })(Object.assign([''], { raw: [''] }))
    hookQuery(Object.getPrototypeOf(query) as QueryPrototype)
  } catch (error) {
    failed(error)
  }
}

const hooked = new WeakSet<object>()

function hookQuery(prototype: QueryPrototype): void {
  if (hooked.has(prototype) || typeof prototype.handle !== 'function') return
  hooked.add(prototype)
  const original = prototype.handle
  prototype.handle = function handle() {
    if (this.executed !== true) {
      try {
        wake()
        if (level >= SQL) watch(this, handle as Below)
      } catch (error) {
        failed(error)
      }
    }
    return original.call(this)
  }
}

/** Fragments inside a template are spliced into its text only when it is sent, so the query is counted when it is over. */
function watch(query: PostgresQuery, below: Below): void {
  const { resolve, reject } = query
  const startedAt = now()
  const record = currentRequest()
  const callSite = level >= TRACE && wantsSite(query) ? captureCallSite(below, record) : {}
  let sentAt: number | undefined
  // The driver sets `state` when it gives the query to a connection; until then it waits for one.
  let state = query.state
  Object.defineProperty(query, 'state', {
    configurable: true,
    enumerable: true,
    get: () => state,
    set: (value: PostgresQuery['state']) => {
      state = value
      sentAt ??= now()
    },
  })
  const finish = (failed: boolean, rows: number, error?: unknown): void => {
    const text = query.string ?? query.statement?.string ?? query.strings?.join('')
    if (text === undefined || sentAt === undefined) return
    const call = new QueryCall(text, query.parameters, below, { record, startedAt: sentAt, callSite })
    const waitedMs = sentAt - startedAt
    if (waitedMs > shortestWaitMs) call.poolWaitMs = waitedMs
    if (state) call.ranOn(connectionState(state))
    const { code } = (error ?? {}) as { code?: unknown }
    call.finish(failed, rows, typeof code === 'string' ? code : undefined)
  }
  query.resolve = function (result) {
    guardedFinish(() => finish(false, rowsOf(result)))
    resolve.call(this, result)
  }
  query.reject = function (reason) {
    guardedFinish(() => finish(true, 0, reason))
    reject.call(this, reason)
  }
}

function guardedFinish(finish: () => void): void {
  try {
    finish()
  } catch (error) {
    failed(error)
  }
}

function rowsOf(result: unknown): number {
  const { count, length } = (result ?? {}) as { readonly count?: number | null; readonly length?: number }
  return count ?? length ?? 0
}

/** Before its text is known a query is told from others by its template, which JavaScript makes once for each place in the code. */
const sampled = new WeakMap<object, number>()
const rawTexts = { calls: 0 }
function wantsSite({ strings, tagged }: PostgresQuery): boolean {
  if (!tagged || strings === undefined) return sampleAt(++rawTexts.calls, rawTextsAtFirst)
  const calls = (sampled.get(strings) ?? 0) + 1
  sampled.set(strings, calls)
  return sampleAt(calls, sitesAtFirst)
}
function sampleAt(calls: number, atFirst: number): boolean {
  return calls <= atFirst || calls % siteEvery === 0
}
