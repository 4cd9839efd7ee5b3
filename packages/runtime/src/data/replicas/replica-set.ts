/** One primary and its replicas as one database: reads on servers that have what the session wrote, writes on the primary, whichever that is now. */
import type { QueryResult, QueryResultRow } from 'pg'
import type { Ctx } from '../../context.ts'
import { Fault } from '../../fault.ts'
import { scoped } from '../../request-scope.ts'
import type { Queryable, Statement } from '../queryable.ts'
import { noCounts, stateOf } from './counters.ts'
import type { ReplicaCounters, ReplicaSetState } from './counters.ts'
import { Diverted } from './diverted.ts'
import { isHeard, tell } from './events.ts'
import { failureKind } from './failure.ts'
import type { FailureKind } from './failure.ts'
import { Monitor } from './monitor.ts'
import { completed } from './options.ts'
import type { CompleteOptions, ReplicaSetOptions } from './options.ts'
import { PlaceAsker } from './place-asker.ts'
import { beyondReach } from './position.ts'
import type { Position } from './position.ts'
import { probe } from './probe.ts'
import { ReplayWatch } from './replay-watch.ts'
import { Routing } from './routing.ts'
import type { Route } from './routing.ts'
import { Server } from './server.ts'
import { inScope, sessionKey } from './session.ts'
import { isPlainRead } from './statement-kind.ts'
import { readToken, signToken } from './token.ts'
import { within } from './within.ts'

export interface ReadOptions {
  readonly ctx?: Ctx | undefined
  /** With the primary gone, an answer that lacks the latest writes, even the session's own, is better than none. Default false. */
  readonly allowStale?: boolean
}

export class ReplicaSet<Pool extends Queryable = Queryable> implements Queryable {
  readonly #options: CompleteOptions
  readonly #monitor: Monitor<Pool>
  readonly #routing: Routing<Pool>
  readonly #places: PlaceAsker
  readonly #diverted: Diverted
  readonly #session = sessionKey()
  readonly #counters: ReplicaCounters = noCounts()

  /**
   * Begins to ask the servers at once, every `probeIntervalMs` until `close`; that alone keeps no process alive.
   * @throws Fault FAULT_REPLICA_OPTIONS; RangeError for a bound out of its range
   */
  constructor(servers: Readonly<Record<string, Pool>>, options: ReplicaSetOptions = {}) {
    const complete = (this.#options = completed(options))
    const watch = (server: Server<Pool>) =>
      new ReplayWatch({
        server: server.pool,
        serverVersion: () => server.serverVersion,
        onReplayed: lsn => server.sawReplayed(lsn),
        onFailure: () => this.#monitor.failed(server),
        maxWaiters: complete.maxWaiters,
      })
    const all = Object.entries(servers).map(([name, pool]) => new Server(name, pool, watch))
    this.#monitor = new Monitor(all, complete)
    this.#routing = new Routing(this.#monitor, complete, this.#counters)
    this.#places = new PlaceAsker(async () => await this.#placeNow())
    // A single server has nothing to be diverted from.
    this.#diverted = new Diverted(all.length > 1 ? complete.maxDivertedReads : Infinity)
  }

  /** Resolves when every server was asked who it is, at most a few `probeTimeoutMs` after the start. Statements wait for it by themselves. */
  get ready(): Promise<void> {
    return this.#monitor.ready
  }

  /**
   * Sends a plain SELECT of a session to a replica and everything else to the primary: what locks, calls unknown functions, or stands outside
   * any session, where nobody knows what the caller has written.
   */
  async query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
    ctx?: Ctx,
  ): Promise<QueryResult<Row>> {
    const plain =
      scoped(this.#session) !== undefined && isPlainRead(typeof statement === 'string' ? statement : statement.text)
    return plain ? await this.read<Row>(statement, values, { ctx }) : await this.write<Row>(statement, values, ctx)
  }

  /**
   * A statement that only reads, wherever it is answered with all that this session wrote; it may run twice when a server fails.
   * @throws Fault FAULT_REPLICAS_SHED, FAULT_NO_PRIMARY
   */
  async read<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
    { ctx, allowStale = false }: ReadOptions = {},
  ): Promise<QueryResult<Row>> {
    if (!this.#monitor.isReady) await this.#monitor.ready
    const session = scoped(this.#session)
    if (session?.settling !== undefined) await session.settling
    const wanted = session?.wanted
    // Another process has seen a promotion that this one has not.
    if (wanted !== undefined && wanted.timeline > this.#monitor.timeline) await this.#monitor.lookAgain()
    const tried = new Set<Server<Pool>>()
    const wish = { wanted, allowStale, tried, ctx }
    let failure: unknown
    for (;;) {
      if (ctx?.cancelled) throw ctx.reason
      const route =
        this.#routing.upToDate(wish) ?? (await this.#routing.caughtUp(wish)) ?? this.#routing.otherwise(wish)
      if (route === undefined) throw failure ?? this.#noPrimary()
      try {
        return await this.#answer<Row>(route, statement, values, ctx)
      } catch (error) {
        const kind = failureKind(error, route.server.isReplica)
        if (kind === 'statement') throw error
        if (kind === 'read-only' && route.server.isReplica) return await this.#afterRefusal<Row>(statement, values, ctx)
        if (kind === 'not-started' || kind === 'connection') this.#monitor.failed(route.server)
        this.#counters.retried++
        tried.add(route.server)
        failure = error
      }
    }
  }

  /** One statement on the primary; the session's next reads will see it. @throws Fault FAULT_NO_PRIMARY, which is safe to repeat */
  async write<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
    ctx?: Ctx,
  ): Promise<QueryResult<Row>> {
    const { answer, failure } = await this.#onPrimary(async pool => await pool.query<Row>(statement, values, ctx))
    if (failure === undefined) return answer!
    const { kind, error } = failure
    if (kind === 'not-started' || kind === 'read-only') throw this.#noPrimary(error)
    // It may have been done, whatever became of the answer.
    this.#noteWrite()
    throw error
  }

  /** Work with the primary's own pool, a transaction for example; whatever it has committed when it ends, the session's next reads will see. */
  async onPrimary<T>(work: (pool: Pool) => Promise<T>): Promise<T> {
    const { answer, failure } = await this.#onPrimary(work)
    if (failure === undefined) return answer as T
    // Its last step did not start perhaps; an earlier transaction may have been committed.
    this.#noteWrite()
    throw failure.error
  }

  /**
   * Runs one request of a user, who reads what the requests before wrote.
   * @param token of `sessionToken`, from the user's header or cookie; one that is forged, malformed or expired is ignored and counted
   */
  withSession<T>(token: string | undefined, run: () => T): T {
    const position = token === undefined ? undefined : this.#read(token)
    return inScope(this.#session, () => {
      if (position !== undefined) scoped(this.#session)!.saw(position)
      return run()
    })
  }

  /**
   * What the user's next request is to bring along; undefined when the session has written nothing and brought nothing.
   * @throws Fault FAULT_NO_TOKEN_KEY
   */
  async sessionToken(): Promise<string | undefined> {
    const { cluster, tokenKeys: keys, tokenLifeMs, wallClock } = this.#options
    if (keys.length === 0) throw noKey()
    const session = scoped(this.#session)
    if (session?.wanted === beyondReach) session.wrote(this.#places.ask())
    await session?.settling
    const wanted = session?.wanted
    return wanted && signToken(wanted, wallClock() + tokenLifeMs, { keys, cluster })
  }

  /** Roles, lag and counts as they are now. */
  get state(): ReplicaSetState {
    return stateOf(this.#monitor.servers, this.#monitor.primary, this.#counters, this.#diverted.inFlight)
  }

  /** Asks no more. The pools are yours to end. */
  close(): void {
    this.#monitor.close()
  }

  async #onPrimary<T>(
    work: (pool: Pool) => Promise<T>,
  ): Promise<{ answer?: T; failure?: { kind: FailureKind; error: unknown } }> {
    if (!this.#monitor.isReady) await this.#monitor.ready
    const server = this.#monitor.primary
    if (server === undefined) throw this.#noPrimary()
    this.#counters.primary++
    try {
      const answer = await server.run(work, this.#options.now)
      this.#noteWrite()
      return { answer }
    } catch (error) {
      const kind = failureKind(error, false)
      if (kind === 'not-started' || kind === 'connection') this.#monitor.failed(server)
      else if (kind === 'read-only') void this.#monitor.lookAgain()
      return { failure: { kind, error } }
    }
  }

  /** Asked now, after the commit: a place taken within the transaction is before it. Nobody waits for the answer but the session's next read. */
  #noteWrite(): void {
    scoped(this.#session)?.wrote(this.#places.ask())
  }

  async #answer<Row extends QueryResultRow>(
    { server, why }: Route<Pool>,
    statement: string | Statement,
    values: readonly unknown[] | undefined,
    ctx: Ctx | undefined,
  ): Promise<QueryResult<Row>> {
    const run = async () =>
      await server.run(async pool => await pool.query<Row>(statement, values, ctx), this.#options.now)
    const { cluster } = this.#options
    if (why === 'behind' || why === 'panic') {
      if (this.#diverted.isFull) {
        this.#counters.shed++
        tell(cluster, { kind: 'shed', inFlight: this.#diverted.inFlight })
        throw this.#diverted.refuse()
      }
    }
    this.#counters[why]++
    if (isHeard()) tell(cluster, { kind: 'routed', node: server.name, why })
    return why === 'behind' || why === 'panic' ? await this.#diverted.run(run) : await run()
  }

  /** It writes after all, in a trigger or behind a view, and the replica did not let it. */
  async #afterRefusal<Row extends QueryResultRow>(
    statement: string | Statement,
    values: readonly unknown[] | undefined,
    ctx: Ctx | undefined,
  ): Promise<QueryResult<Row>> {
    this.#counters.refusedAsWrites++
    return await this.write<Row>(statement, values, ctx)
  }

  async #placeNow(): Promise<Position> {
    const server = this.#monitor.primary
    if (server === undefined) throw this.#noPrimary()
    const { isPrimary, lsn, timeline } = await within(
      this.#options.probeTimeoutMs,
      async ctx => await probe(server.pool, ctx),
    )
    if (!isPrimary) throw this.#noPrimary()
    return { lsn, timeline: timeline ?? 0 }
  }

  #read(token: string): Position | undefined {
    const { cluster, tokenKeys: keys, wallClock } = this.#options
    if (keys.length === 0) throw noKey()
    const read = readToken(token, wallClock(), { keys, cluster })
    if (typeof read !== 'string') return read
    this.#counters.tokensRefused++
    tell(cluster, { kind: 'token-refused', why: read })
    return undefined
  }

  #noPrimary(cause?: unknown): Fault {
    const names = this.#monitor.servers.map(({ name }) => name).join(', ')
    return new Fault('FAULT_NO_PRIMARY', `none of ${names} accepts writes`, {
      retryable: true,
      hint: 'promote a replica; the set notices by itself',
      cause,
    })
  }
}

function noKey(): Fault {
  return new Fault('FAULT_NO_TOKEN_KEY', 'a session cannot travel: the set of replicas has no key to sign it with', {
    retryable: false,
    hint: "new ReplicaSet(servers, { tokenKeys: [process.env['SESSION_KEY']] })",
  })
}
