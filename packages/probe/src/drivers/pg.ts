/** `pg` and `pg-pool`: every query once, with the time it waited for a connection and the time a connection took to open. */
import type { Site } from '@whetstone/model'
import { captureCallSite } from '../call-site.ts'
import { now } from '../clock.ts'
import { callInRequest, currentRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { level, SQL, TRACE, wake } from '../level.ts'
import type { ModuleHook } from '../module-loading.ts'
import { connectionState, QueryCall } from '../query-call.ts'
import type { RequestRecord } from '../request-record.ts'
import { watchPool } from './pg-pool.ts'
import type { WatchedPool } from './pg-pool.ts'

type Callback = (this: unknown, ...args: unknown[]) => unknown
/** The call of `pool.query` whose `client.query` comes next on this stack: it is counted there, but was made by the service here. */
let handedOver: QueryCall | undefined

export const pgHooks: readonly ModuleHook[] = [
  { file: /\/pg\/lib\/client\.js$/, patch: exports => hookClient((exports as { prototype: Client }).prototype) },
  { file: /\/pg-pool\/index\.js$/, patch: exports => hookPool((exports as { prototype: Pool }).prototype) },
]

interface Client {
  query: Callback
  _connect?: Callback
  connect: Callback
}
interface PendingQuery {
  callback?: Callback
  text?: string
}
/** Own names differ between versions; the underscored ones came with 8.17, and reading the others then warns. */
interface ClientState {
  readonly _queryQueue?: readonly PendingQuery[]
  readonly queryQueue?: readonly PendingQuery[]
  readonly _sentQueryQueue?: readonly PendingQuery[]
  readonly _activeQuery?: PendingQuery | null
  readonly activeQuery?: PendingQuery | null
}
interface Submittable {
  submit: unknown
  text?: string
  name?: string
  values?: readonly unknown[]
  cursor?: { text?: string; values?: readonly unknown[] }
  handleDataRow?: Callback
  handleReadyForQuery?: Callback
  handleError?: Callback
}

function hookClient(prototype: Client): void {
  hookQuery(prototype)
  hookConnect(prototype)
}

function hookQuery(prototype: Client): void {
  const original = prototype.query
  prototype.query = function query(config, values, _callback) {
    const call = level < SQL ? undefined : begin(this as object, config, values, query)
    if (call === undefined) return Reflect.apply(original, this, arguments as unknown as unknown[])
    const submittable = isSubmittable(config)
    try {
      if (submittable) watchSubmittable(config, call)
    } catch (error) {
      failed(error)
    }
    const result = Reflect.apply(original, this, arguments as unknown as unknown[])
    if (!submittable) watchCallback(this as ClientState, call, result !== undefined)
    return result
  }
}

function begin(client: object, config: unknown, values: unknown, query: Callback): QueryCall | undefined {
  try {
    let call = handedOver
    handedOver = undefined
    call ??= newCall(config, values, query)
    call?.start(connectionState(client))
    return call
  } catch (error) {
    failed(error)
    return undefined
  }
}

function newCall(config: unknown, values: unknown, below: Callback): QueryCall | undefined {
  if (typeof config === 'string') return callOf(config, false, Array.isArray(values) ? values : undefined, below)
  if (typeof config !== 'object' || config === null) return undefined
  const { text, name, values: ownValues, cursor } = config as Submittable
  const sent = text ?? cursor?.text
  if (typeof sent !== 'string') return undefined
  const parameters = Array.isArray(values) ? values : (ownValues ?? cursor?.values)
  return callOf(sent, Boolean(name), Array.isArray(parameters) ? parameters : undefined, below)
}

function callOf(text: string, isNamed: boolean, values: readonly unknown[] | undefined, below: Callback): QueryCall {
  const call = new QueryCall(text, values, below)
  call.statement.noteName(isNamed)
  return call
}

function isSubmittable(config: unknown): config is Submittable {
  return typeof config === 'object' && config !== null && typeof (config as Submittable).submit === 'function'
}

/** The query object is made inside `client.query`; it is the newest in a queue, or already on its way. */
function watchCallback(client: ClientState, call: QueryCall, isPromise: boolean): void {
  try {
    const queue = client._queryQueue ?? client.queryQueue
    const query =
      queue?.at(-1) ??
      client._sentQueryQueue?.at(-1) ??
      ('_activeQuery' in client ? client._activeQuery : client.activeQuery)
    const inner = query?.callback
    if (!query || typeof inner !== 'function' || call.isObserved(inner)) {
      call.finish(true, 0)
      return
    }
    const observed: Callback = function (this: unknown, ...args) {
      try {
        call.finish(Boolean(args[0]), rowsOf(args[1]), sqlStateOf(args[0]))
      } catch (error) {
        failed(error)
      }
      return isPromise || call.isPromised
        ? Reflect.apply(inner, this, args)
        : callInRequest(call.record, inner, this, args)
    }
    call.observes(observed)
    query.callback = observed
  } catch (error) {
    failed(error)
  }
}

function sqlStateOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

interface QueryResult {
  readonly rowCount?: number | null
  readonly rows?: readonly unknown[]
}
function rowsOf(result: unknown): number {
  if (typeof result !== 'object' || result === null) return 0
  if (Array.isArray(result)) return result.reduce<number>((rows, one) => rows + rowsOf(one), 0)
  const { rowCount, rows } = result as QueryResult
  return rowCount ?? rows?.length ?? 0
}

/** Cursors, streams and ready-made queries answer through methods of their own. */
function watchSubmittable(query: Submittable, call: QueryCall): void {
  let rows = 0
  const wrap = (
    name: 'handleDataRow' | 'handleReadyForQuery' | 'handleError',
    before: (first: unknown) => void,
  ): void => {
    const inner = query[name]
    if (typeof inner !== 'function') return
    Object.defineProperty(query, name, {
      configurable: true,
      writable: true,
      enumerable: false,
      value: function (this: unknown, ...args: unknown[]) {
        before(args[0])
        return Reflect.apply(inner, this, args)
      },
    })
  }
  wrap('handleDataRow', () => void rows++)
  wrap('handleReadyForQuery', () => call.finish(false, rows))
  wrap('handleError', error => call.finish(true, rows, sqlStateOf(error)))
}

/** `_connect` serves both forms of `connect`, and always with a callback. */
function hookConnect(prototype: Client): void {
  const name = typeof prototype._connect === 'function' ? '_connect' : 'connect'
  const original = prototype[name]!
  prototype[name] = function connect(callback, ...rest) {
    wake()
    const current = level < SQL ? undefined : currentRequest()
    if (current === undefined || current.isFinished || typeof callback !== 'function')
      return Reflect.apply(original, this, [callback, ...rest])
    const startedAt = now()
    // Opening a connection takes milliseconds: its place may be looked up every time.
    const site = level >= TRACE ? siteOf(connect, current) : undefined
    const observed: Callback = function (this: unknown, ...args) {
      const durationMs = now() - startedAt
      // One that was refused opened nothing: a server that is gone is no lack of a pool.
      if (!args[0]) {
        current.connects++
        current.connectMs += durationMs
      }
      if (level >= TRACE && !current.isFinished)
        current.addSpan({ kind: 'connect', startedAt, durationMs, failed: Boolean(args[0]), site })
      return callInRequest(current, callback as Callback, this, args)
    }
    return Reflect.apply(original, this, [observed, ...rest])
  }
}

function siteOf(below: Callback, record: RequestRecord): Site | undefined {
  try {
    return captureCallSite(below, record).site
  } catch (error) {
    failed(error)
    return undefined
  }
}

interface Pool extends WatchedPool {
  query: Callback
}

function hookPool(prototype: Pool): void {
  const { query: originalQuery } = prototype
  prototype.query = function query(text, values, _callback) {
    if (level < SQL || handedOver !== undefined)
      return Reflect.apply(originalQuery, this, arguments as unknown as unknown[])
    try {
      handedOver = newCall(text, values, query)
      if (handedOver) handedOver.isPromised = typeof values !== 'function' && typeof _callback !== 'function'
    } catch (error) {
      failed(error)
    }
    try {
      return Reflect.apply(originalQuery, this, arguments as unknown as unknown[])
    } finally {
      handedOver = undefined
    }
  }
  watchPool(prototype, {
    takeCall() {
      const call = handedOver
      handedOver = undefined
      return call
    },
    handOver(call, run) {
      handedOver = call
      try {
        return run()
      } finally {
        handedOver = undefined
      }
    },
  })
}
