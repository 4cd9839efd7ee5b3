/** A pool of PostgreSQL connections with an end to every wait: a drop-in for `pg.Pool` that prepares, sheds, cancels, names leaks and knows its size. */
import { EventEmitter } from 'node:events'
import type { PoolClient, QueryResult, QueryResultRow } from 'pg'
import type pg from 'pg'
import type { Ctx } from '../../context.ts'
import { lendingTo } from '../client-source.ts'
import type { Callee, ClientSource } from '../client-source.ts'
import type { Queryable, Statement } from '../queryable.ts'
import { adviseSize } from './advice.ts'
import type { PoolAdvice } from './advice.ts'
import { LoanMemory, readStack } from './call-site.ts'
import { Connector } from './connector.ts'
import { driverOf } from './driver.ts'
import type { PgDriver } from './driver.ts'
import { tellLoan } from './events.ts'
import { Lending } from './lending.ts'
import { readOptions } from './options.ts'
import type { PoolLimits, PoolOptions } from './options.ts'
import type { PrepareState } from './prepared-names.ts'
import { isSubmittable, promised } from './session.ts'
import type { Input, Session } from './session.ts'
import type { QueryDone } from './guarded-query.ts'
import { runTransaction } from './transaction.ts'
import type { TransactionOptions } from './transaction.ts'

/** A lent `pg.Client`, whose `query` takes a `Ctx` as third argument. */
export type PooledClient = PoolClient & Queryable

export interface PoolStats {
  readonly max: number
  /** Connections open or being opened. */
  readonly size: number
  readonly inUse: number
  readonly idle: number
  readonly waiting: number
  readonly acquisitions: number
  /** Callers that found every connection lent, and how long they waited, whether they got one or not; over all callers, who did not wait counts as 0. */
  readonly waits: number
  readonly waitMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly longest: number }
  readonly shed: number
  readonly timeouts: number
  readonly leaks: number
  /** Statements cancelled on the server because their caller gave up. */
  readonly cancelled: number
  readonly opened: number
  readonly openFailures: number
  /** Idle connections that ended without our doing. */
  readonly lost: number
  readonly prepare: PrepareState
  /** Something between shares server connections among clients; undefined before the first connection. */
  readonly isPooled: boolean | undefined
}

type Connected = (error: Error | undefined, client: PoolClient | undefined, release: (broken?: unknown) => void) => void

/**
 * Events: `connect`, `acquire`, `release`, `remove` and `error` as `pg.Pool` has them, save that an `error` nobody listens to is counted
 * and not thrown; and `leak` with a `Leak`, once for each connection that is out for too long.
 */
export class Pool extends EventEmitter implements Queryable {
  readonly options: pg.PoolOptions
  readonly #limits: PoolLimits
  readonly #connector: Connector
  readonly #lending: Lending
  readonly #memory = new LoanMemory()
  #hasEnded = false

  /** @throws RangeError for a limit out of its range */
  constructor(options: PoolOptions = {}) {
    super()
    const { limits, connection } = readOptions(options)
    this.#limits = limits
    this.#lending = new Lending(limits, async () => await this.#connector.open(), {
      connected: session => this.emit('connect', session),
      removed: session => this.emit('remove', session),
      lost: (session, error) => void (this.listenerCount('error') > 0 && this.emit('error', error, session)),
      leaked: (leak, taken) => {
        this.#memory.leaked(taken)
        this.emit('leak', leak)
      },
    })
    this.#connector = new Connector(connection, limits, this.#lending.timeLimits)
    this.options = asPgOptions(connection, limits)
    tellLoan(() => ({ kind: 'made', limits }))
  }

  get totalCount(): number {
    return this.#lending.size
  }

  get idleCount(): number {
    return this.#lending.idle
  }

  get waitingCount(): number {
    return this.#lending.waiting
  }

  /** Connections past their life are closed when they come back: none is kept. */
  get expiredCount(): number {
    return 0
  }

  get ending(): boolean {
    return this.#lending.isEnding
  }

  get ended(): boolean {
    return this.#hasEnded
  }

  /**
   * Runs one statement on any connection. Rejects with the server's error, or with a Fault: FAULT_POOL_FULL, FAULT_POOL_TIMEOUT,
   * FAULT_POOL_ENDED, FAULT_DEADLINE, and with `ctx.reason` when cancelled; the statement is then ended on the server.
   */
  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
    ctx?: Ctx,
  ): Promise<QueryResult<Row>>
  query<Row extends unknown[]>(
    statement: pg.QueryArrayConfig,
    values?: readonly unknown[],
    ctx?: Ctx,
  ): Promise<pg.QueryArrayResult<Row>>
  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | pg.QueryConfig,
    values: readonly unknown[] | undefined,
    callback: (error: Error, result: QueryResult<Row>) => void,
  ): void
  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | pg.QueryConfig,
    callback: (error: Error, result: QueryResult<Row>) => void,
  ): void
  query<Submitted extends pg.Submittable>(statement: Submitted): Submitted
  query(statement: unknown, values?: unknown, third?: unknown): unknown {
    const callback = typeof values === 'function' ? values : third
    const given = typeof values === 'function' ? undefined : (values as readonly unknown[] | undefined)
    if (typeof callback === 'function') return this.#run(statement as Input, given, undefined, callback as QueryDone)
    return promised(done => this.#run(statement as Input, given, callback as Ctx | undefined, done))
  }

  /** Lends a connection until its `release()`. Prefer `withClient`, which cannot forget that. */
  connect(): Promise<PooledClient>
  connect(callback: Connected): void
  connect(callback?: Connected): Promise<PooledClient> | void {
    const taken = this.#capture(this['connect'])
    if (callback === undefined) return this.#take(taken, undefined)
    this.#lending.acquire(undefined, (error, session) => {
      const client = session && this.#handOut(session, taken)
      process.nextTick(
        callback,
        error,
        client,
        client ? (broken?: unknown) => client.release(broken as boolean) : nothing,
      )
    })
  }

  /** Lends a connection for as long as `run` takes; under `ctx` every statement is cancelled with it. */
  async withClient<T>(run: (client: PooledClient) => Promise<T>, ctx?: Ctx): Promise<T> {
    return await this.#lend(this.#capture(this['withClient']), ctx, run)
  }

  /**
   * Runs `run` in a transaction: committed when it resolves, rolled back when it rejects.
   * Besides what `query` throws: FAULT_TX_ABORTED when `run` resolved although one of its statements had failed; RangeError for a `retry` that is no count.
   */
  async tx<T>(run: (client: PooledClient) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const taken = this.#capture(this['tx'])
    return await runTransaction(
      async use => await this.#lend(taken, options.ctx, async client => await use(client as unknown as Session)),
      async session => await run(session as unknown as PooledClient),
      options,
      () => ({ ...this.#limits, isPooled: this.#connector.isPooled === true }),
    )
  }

  /** For streams and COPY, which take their connection when they are read: as `connect`, on behalf of who has called `callee`. */
  [lendingTo](callee: Callee): ClientSource {
    const taken = this.#capture(callee)
    return { connect: () => this.#take(taken, undefined) }
  }

  stats(): PoolStats {
    const { usage, size, idle, waiting, leaks, opened, openFailures, lost } = this.#lending
    const { acquisitions, waits, shed, timeouts, inUse } = usage
    const wait = (fraction: number): number => usage.waitQuantileMs(fraction)
    return {
      ...{ max: this.#limits.max, size, inUse, idle, waiting, acquisitions, waits: waits.count },
      waitMs: { p50: wait(0.5), p95: wait(0.95), p99: wait(0.99), longest: waits.longestMs },
      ...{ shed, timeouts, leaks, cancelled: this.#connector.cancelled, opened, openFailures, lost },
      prepare: this.#connector.names.state,
      isPooled: this.#connector.isPooled,
    }
  }

  /** Whether `max` is right for what the last one to two minutes asked of it, with the numbers that say so. */
  advice(): PoolAdvice {
    return adviseSize(this.#limits.max, this.#lending.usage.recent(performance.now()), this.#lending.leaked)
  }

  /** A `pg` module for ORMs that want to make their pool or their clients themselves: all of them are this pool's. */
  driver(): PgDriver {
    return driverOf(this, this.#connector, this.#lending)
  }

  /**
   * Refuses new callers and those that wait, and resolves when every connection has come back and is closed; those that are still out
   * after `endTimeoutMs` are cut. May be called again.
   */
  end(): Promise<void>
  end(callback: () => void): void
  async end(callback?: () => void): Promise<void> {
    await this.#lending.end()
    this.#hasEnded = true
    callback?.()
  }

  #run(statement: Input, values: readonly unknown[] | undefined, ctx: Ctx | undefined, done: QueryDone): void {
    this.#lending.acquire(ctx, (error, session) => {
      if (session === undefined) return done(error)
      if (isSubmittable(statement)) return this.#submit(session, statement, values, done)
      try {
        session.run(statement, values, ctx, (failure, result) => {
          this.#lending.giveBack(session, false)
          done(failure, result)
        })
      } catch (mistake) {
        // Something that is no statement at all.
        this.#lending.giveBack(session, true)
        done(mistake as Error)
      }
    })
  }

  #submit(session: Session, statement: Input, values: readonly unknown[] | undefined, done: QueryDone): void {
    session.query(statement, values, (failure: Error | undefined, result: QueryResult) => {
      this.#lending.giveBack(session, failure !== undefined && failure !== null)
      done(failure, result)
    })
  }

  async #lend<T>(taken: Taken, ctx: Ctx | undefined, run: (client: PooledClient) => Promise<T>): Promise<T> {
    const client = await this.#take(taken, ctx)
    try {
      return await run(client)
    } finally {
      client.release()
    }
  }

  async #take(taken: Taken, ctx: Ctx | undefined): Promise<PooledClient> {
    return await new Promise((resolve, reject) => {
      this.#lending.acquire(ctx, (error, session) => {
        if (session === undefined) return reject(error!)
        session.ctx = ctx
        resolve(this.#handOut(session, taken))
      })
    })
  }

  #handOut(session: Session, taken: Taken): PooledClient {
    const client = session as unknown as PooledClient
    session.taken = taken
    tellLoan(() => ({
      kind: 'taken',
      limits: this.#limits,
      connection: session,
      readSite: () => readStack(taken ?? {}),
    }))
    let isReleased = false
    client.release = broken => {
      if (isReleased) throw new Error('release() was called twice for the same loan of a connection')
      isReleased = true
      this.#lending.giveBack(session, Boolean(broken))
      this.emit('release', broken, client)
    }
    this.emit('acquire', client)
    return client
  }

  #capture(above: Callee): Taken {
    return this.#limits.leakAfterMs > 0 ? this.#memory.remember(performance.now(), above) : undefined
  }
}

type Taken = { readonly stack?: string } | undefined

/** What code written for `pg.Pool` reads from its options. */
function asPgOptions(connection: pg.ClientConfig, limits: PoolLimits): pg.PoolOptions {
  const options = {
    ...connection,
    ...{ max: limits.max, min: limits.min, maxUses: Infinity, allowExitOnIdle: false },
    ...{ maxLifetimeSeconds: limits.lifetimeMs / 1000, idleTimeoutMillis: limits.idleTimeoutMs },
  }
  // Neither in logs nor in dumps of this object.
  for (const secret of ['password', 'connectionString', 'ssl'])
    if (secret in options) Object.defineProperty(options, secret, { enumerable: false })
  return options
}

function nothing(): void {}
