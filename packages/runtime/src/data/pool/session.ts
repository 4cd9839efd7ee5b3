/** A connection of a pool: a `pg.Client` that prepares what repeats, gives up a statement when its caller does, and knows in which state it may be lent again. */
import pg from 'pg'
import type { Ctx } from '../../context.ts'
import { Fault } from '../../fault.ts'
import type { Statement } from '../queryable.ts'
import { sendCancelRequest } from './cancel-request.ts'
import { internals, sendNext } from './driver-internals.ts'
import { GuardedQuery } from './guarded-query.ts'
import type { QueryDone } from './guarded-query.ts'
import { isForeignName, isOutdatedPlan } from './prepared-names.ts'
import type { PreparedNames } from './prepared-names.ts'
import type { TimeLimits } from '../../time-limits.ts'

/** What the sessions of one pool have in common. */
export interface SessionRules {
  readonly names: PreparedNames
  readonly preparedPerConnection: number
  readonly timeLimits: TimeLimits
  /** Above 0 where the server does not limit statements for us: behind a pooler, which would hand our setting to others. */
  readonly statementGuardMs: number
  /** The server did not know our names, or knew others: `code` is its SQLSTATE. */
  namesRefused(code: string): void
  /** A request to cancel was sent. */
  cancelSent(): void
}

export type Input = string | (Omit<Statement, 'values'> & { values?: readonly unknown[] })
type Values = readonly unknown[] | undefined
type ServerError = Error & { readonly code?: string; readonly routine?: string; readonly severity?: string }

const queryCancelled = '57014'
/** A server that has not ended a cancelled statement by then is given up, and the connection with it. */
const cancelGraceMs = 3_000

export class Session extends pg.Client {
  readonly #rules: SessionRules
  /** Names this connection has, the one unused for longest first. */
  readonly #prepared = new Set<string>()
  /** As the server said last: idle, in a transaction, in a failed one. */
  #transaction = 'I'
  #cancelling: Promise<void> | undefined
  #isDoomed = false
  /** What the server ended this session with: the driver forgets it where no statement was at work. */
  #fatal: ServerError | undefined
  /** What every statement is run under, for as long as the connection is lent for it. */
  ctx: Ctx | undefined

  // The pool's own marks.
  lentAtMs = 0
  idleSinceMs = 0
  expiresAtMs = Infinity
  /** Who has it, when that is worth knowing. */
  taken: { readonly stack?: string } | undefined
  isReported = false

  constructor(config: pg.ClientConfig, rules: SessionRules) {
    super(config)
    this.#rules = rules
    this.connection.on('readyForQuery', ({ status }: { status: string }) => (this.#transaction = status))
    // The statement at work is told, and the connection ends a moment later: nobody else must get it in between.
    this.connection.on('errorMessage', (error: ServerError) => {
      if (isFatal(error)) this.#fatal ??= error
      this.#isDoomed ||= this.#fatal !== undefined || isOfConnection(error)
    })
  }

  get isInTransaction(): boolean {
    return this.#transaction !== 'I'
  }

  /** False when it must not be lent again. */
  get isSound(): boolean {
    const { _queryable, _ending, _ended } = internals(this)
    return _queryable && !_ending && !_ended && !this.#isDoomed
  }

  /** Resolves when the server has ended what was given up; undefined when nothing is being cancelled. */
  get cancelling(): Promise<void> | undefined {
    return this.#cancelling
  }

  /** As `pg.Client`'s, and a `Ctx` may stand where the callback may. Its overloads are those of `PooledClient`. */
  override query(statement: unknown, values?: unknown, third?: unknown): never {
    const callback = typeof values === 'function' ? values : third
    const given = typeof values === 'function' ? undefined : (values as Values)
    if (this.#fatal && isSubmittable(statement)) return this.#refuse(statement, this.#fatal) as never
    if (isForDriver(statement))
      return super.query(statement as string, given as unknown[], callback as () => void) as never
    if (typeof callback === 'function') {
      this.run(statement as Input, given, this.ctx, callback as QueryDone)
      return undefined as never
    }
    const ctx = (callback as Ctx | undefined) ?? this.ctx
    return promised(done => this.run(statement as Input, given, ctx, done)) as never
  }

  /** The one way of every statement. `done` is called once: with the answer, or as soon as `ctx` gives it up. */
  run(statement: Input, values: Values, ctx: Ctx | undefined, done: QueryDone): void {
    if (this.#fatal !== undefined) return process.nextTick(done, this.#fatal)
    const named = this.#named(statement, values)
    if (named === undefined) return this.#send(statement, values, ctx, done)
    this.#send(named, undefined, ctx, (error, result) => {
      if (error && this.#mayRunUnnamed(error, named.name)) this.#send(statement, values, ctx, done)
      else done(error, result)
    })
  }

  #refuse<Submitted extends pg.Submittable>(query: Submitted, error: ServerError): Submitted {
    const refused = query as { handleError?(error: Error, connection: pg.Connection): void }
    process.nextTick(() => refused.handleError?.(error, this.connection))
    return query
  }

  /** Only what goes the extended way anyhow, so that nothing but speed changes: statements with parameters and no name of their own. */
  #named(statement: Input, values: Values): (Statement & { readonly name: string }) | undefined {
    const isText = typeof statement === 'string'
    const given = values ?? (isText ? undefined : statement.values)
    if (given === undefined || given.length === 0 || (!isText && statement.name !== undefined)) return undefined
    const text = isText ? statement : statement.text
    const name = this.#rules.names.nameOf(text)
    if (name === undefined || !this.#use(name)) return undefined
    return isText ? { name, text, values: given } : { ...statement, name, values: given }
  }

  /** @returns false when there is no room for it now: what may still be on its way to the server cannot be closed there */
  #use(name: string): boolean {
    const isFull = this.#prepared.size >= this.#rules.preparedPerConnection
    if (this.#prepared.has(name)) {
      // Who is in use matters only once somebody must go.
      if (!isFull) return true
      this.#prepared.delete(name)
    } else if (isFull) {
      if (!internals(this).readyForQuery) return false
      this.#close(this.#prepared.values().next().value!)
    }
    this.#prepared.add(name)
    return true
  }

  /** Rides along with the next statement: `pg` sends no Sync with it, and its answer is one that `pg` overhears. */
  #close(name: string): void {
    this.#forget(name)
    internals(this).connection.close({ type: 'S', name })
  }

  #forget(name: string): void {
    this.#prepared.delete(name)
    const { parsedStatements, submittedNamedStatements } = internals(this).connection
    delete parsedStatements[name]
    if (submittedNamedStatements) delete submittedNamedStatements[name]
  }

  /** After these errors nothing has run. Within a transaction they have broken it, so that only the whole can be run again. */
  #mayRunUnnamed(error: ServerError, name: string): boolean {
    const isForeign = isForeignName(error)
    if (!isForeign && !isOutdatedPlan(error)) return false
    if (isForeign) {
      this.#forget(name)
      this.#rules.namesRefused(error.code!)
    } else this.#close(name)
    return !this.isInTransaction
  }

  #send(statement: Input, values: Values, ctx: Ctx | undefined, done: QueryDone): void {
    if (ctx !== undefined || this.#rules.statementGuardMs > 0) this.#sendGuarded(statement, values, ctx, done)
    else super.query(statement as string, values as unknown[], done as () => void)
  }

  #sendGuarded(statement: Input, values: Values, ctx: Ctx | undefined, done: QueryDone): void {
    const nowMs = performance.now()
    const refusal = refusalOf(ctx, nowMs)
    if (refusal) return process.nextTick(done, refusal)
    const { timeLimits, statementGuardMs } = this.#rules
    let isSettled = false
    let ended: (error: ServerError | null | undefined) => void = nothing
    const settle: QueryDone = (error, result) => {
      if (isSettled) return
      isSettled = true
      leave?.()
      timeLimits.delete(deadline)
      timeLimits.delete(guard)
      done(error, result)
    }
    const query = new GuardedQuery(
      statement as pg.QueryConfig,
      values as unknown[],
      ((error, result) => {
        ended(error)
        settle(error, result)
      }) as QueryDone as never,
    )
    let isStopped = false
    const stop = (): void => {
      // Its time may be over and its caller gone: one request, and one who waits for what it does.
      if (isStopped) return
      isStopped = true
      if (query.isSent) this.#cancel(new Promise(resolve => (ended = resolve)))
      else query.isAbandoned = true
    }
    const giveUp = (reason: unknown): void => {
      if (isSettled) return
      stop()
      settle(reason as Error)
    }
    const deadline = {
      atMs: ctx?.deadlineMs ?? Infinity,
      expire: () => giveUp(deadlineFault(ctx!.deadlineMs - nowMs, query.isSent)),
    }
    // Here the server's own answer (57014) is awaited, as it would be where it keeps the time.
    const guard = { atMs: statementGuardMs > 0 ? nowMs + statementGuardMs : Infinity, expire: stop }
    timeLimits.add(deadline)
    timeLimits.add(guard)
    const leave = ctx?.onCancel(giveUp)
    super.query(query)
  }

  /** Called by node-postgres, which would send the next statement at once: a request to cancel that comes late would end that one. */
  protected _pulseQueryQueue(): void {
    if (this.#cancelling === undefined) sendNext(this)
  }

  /** A request may arrive after its statement has ended, and would then end the next one: such a connection is not lent again. */
  #cancel(ended: Promise<ServerError | null | undefined>): void {
    this.#rules.cancelSent()
    const patience = setTimeout(() => this.connection.stream.destroy(), cancelGraceMs)
    const cancelling = Promise.all([ended, sendCancelRequest(this)]).then(([error]) => {
      clearTimeout(patience)
      if (error?.code !== queryCancelled) this.#isDoomed = true
      if (this.#cancelling !== cancelling) return
      this.#cancelling = undefined
      sendNext(this)
    })
    this.#cancelling = cancelling
  }
}

/** A promise whose error tells where it was awaited, as `pg`'s own do. */
export async function promised(start: (done: QueryDone) => void): Promise<pg.QueryResult> {
  try {
    return await new Promise<pg.QueryResult>((resolve, reject) => {
      start((error, result) => (error ? reject(error) : resolve(result!)))
    })
  } catch (error) {
    if (error instanceof pg.DatabaseError) Error.captureStackTrace(error, promised)
    throw error
  }
}

/** Why a call under this context need not begin. */
export function refusalOf(ctx: Ctx | undefined, nowMs: number): Error | undefined {
  if (ctx === undefined) return undefined
  if (ctx.cancelled) return ctx.reason as Error
  return ctx.deadlineMs <= nowMs ? deadlineFault(ctx.deadlineMs - nowMs, false) : undefined
}

export function deadlineFault(leftMs: number, isSent: boolean): Fault {
  const what = isSent
    ? `the deadline passed ${Math.round(leftMs)} ms into the statement, which is cancelled on the server`
    : `the deadline passed before the statement was sent (${Math.round(leftMs)} ms were left)`
  return new Fault('FAULT_DEADLINE', what, { retryable: !isSent })
}

/** The severity is in the server's language; the codes of an ending session are not: operator, and two timeouts. */
function isFatal({ severity, code = '' }: ServerError): boolean {
  return severity === 'FATAL' || /^(57P|25P03|25P04)/.test(code)
}

function isOfConnection({ code = '' }: ServerError): boolean {
  return code.startsWith('08')
}

/** Cursors, streams and COPY submit themselves; a query with a callback inside is the driver's business too. */
function isForDriver(statement: unknown): boolean {
  if (typeof statement !== 'object' || statement === null) return typeof statement !== 'string'
  return isSubmittable(statement) || 'callback' in statement
}

export function isSubmittable(statement: unknown): statement is pg.Submittable {
  return (
    typeof statement === 'object' && statement !== null && typeof (statement as pg.Submittable).submit === 'function'
  )
}

function nothing(): void {}
