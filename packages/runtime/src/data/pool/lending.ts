/** Who has which connection, who waits for one, and what becomes of those that come back. */
import { AsyncResource } from 'node:async_hooks'
import type { Ctx } from '../../context.ts'
import { Fault } from '../../fault.ts'
import { readStack } from './call-site.ts'
import type { CallSite } from './call-site.ts'
import { tell, tellLoan } from './events.ts'
import type { PoolLimits } from './options.ts'
import { deadlineFault, refusalOf } from './session.ts'
import type { Session } from './session.ts'
import { TimeLimits } from '../../time-limits.ts'
import { Usage } from './usage.ts'
import { WaitQueue } from './wait-queue.ts'
import type { Waiter } from './wait-queue.ts'

export interface Leak extends CallSite {
  readonly heldMs: number
}

/** What the pool tells its own listeners. */
export interface LendingListener {
  connected(session: Session): void
  removed(session: Session): void
  lost(session: Session, error: Error): void
  leaked(leak: Leak, taken: { readonly stack?: string }): void
}

/** Undefined for who wanted room for a connection of his own. */
type Served = Session | undefined

const longestSweepMs = 1_000
/** SQLSTATE: the server has no place for another connection. It is not asked again for a while, as long as there are some to share. */
const tooManyConnections = '53300'
const noPlaceForMs = 1_000

export class Lending {
  readonly usage = new Usage(performance.now())
  readonly sessions = new Set<Session>()
  readonly timeLimits = new TimeLimits()
  opened = 0
  openFailures = 0
  lost = 0
  leaks = 0
  readonly #limits: PoolLimits
  readonly #open: () => Promise<Session>
  readonly #listener: LendingListener
  /** The last returned is lent first: the others grow idle and can be closed. */
  readonly #idle: Session[] = []
  readonly #queue = new WaitQueue<Served>()
  #opening = 0
  readonly #closing = new Set<Session>()
  #rooms = 0
  #noPlaceUntilMs = -Infinity
  #sweeper: NodeJS.Timeout | undefined
  #end: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(limits: PoolLimits, open: () => Promise<Session>, listener: LendingListener) {
    this.#limits = limits
    this.#open = open
    this.#listener = listener
  }

  get size(): number {
    return this.sessions.size + this.#opening + this.#rooms
  }

  get idle(): number {
    return this.#idle.length
  }

  get waiting(): number {
    return this.#queue.length
  }

  get isEnding(): boolean {
    return this.#end !== undefined
  }

  /** Calls `done` once, at once when a connection is idle. */
  acquire(ctx: Ctx | undefined, done: (error: Error | undefined, session?: Session) => void): void {
    const nowMs = performance.now()
    const refusal = this.#end ? endedFault(this.#limits.name) : refusalOf(ctx, nowMs)
    if (refusal) return done(refusal)
    const session = this.#idle.pop()
    if (session === undefined) return this.#wait(nowMs, ctx, done)
    this.#lend(session, nowMs, 0)
    done(undefined, session)
  }

  /** Room below `max` for a connection that somebody else keeps; an idle one of ours makes way. */
  reserveRoom(done: (error: Error | undefined) => void): void {
    if (this.#end) return done(endedFault(this.#limits.name))
    if (this.size >= this.#limits.max && this.#idle.length > 0) this.#remove(this.#idle[0]!)
    if (this.size < this.#limits.max && this.#queue.length === 0) {
      this.#rooms++
      return done(undefined)
    }
    this.#wait(performance.now(), undefined, done, true)
  }

  returnRoom(): void {
    this.#rooms--
    this.#refill()
  }

  giveBack(session: Session, isBroken: boolean): void {
    const { cancelling } = session
    if (cancelling && !isBroken) return void cancelling.then(() => this.giveBack(session, false))
    if (!isBroken && session.isInTransaction && session.isSound) return this.#rollBack(session)
    const nowMs = performance.now()
    this.usage.returned(nowMs, nowMs - session.lentAtMs)
    tellLoan(() => ({ kind: 'returned', limits: this.#limits, connection: session }))
    session.taken = undefined
    session.isReported = false
    session.ctx = undefined
    if (isBroken || !session.isSound || nowMs >= session.expiresAtMs || this.#end) this.#remove(session)
    else this.#available(session, nowMs)
  }

  /** Waiters are refused, idle connections closed, lent ones as they come back. Resolves when all are. */
  async end(): Promise<void> {
    if (this.#end === undefined) {
      let resolve = (): void => {}
      const promise = new Promise<void>(settle => (resolve = settle))
      this.#end = { promise, resolve }
      clearInterval(this.#sweeper)
      for (let waiter = this.#queue.shift(); waiter; waiter = this.#queue.shift())
        waiter.serve(endedFault(this.#limits.name))
      for (const session of this.#idle.slice()) this.#remove(session)
      this.#settleEnd()
      const patience = setTimeout(() => this.#cutAll(), this.#limits.endTimeoutMs)
      void promise.then(() => clearTimeout(patience))
    }
    await this.#end.promise
  }

  #wait(
    nowMs: number,
    ctx: Ctx | undefined,
    done: (error: Error | undefined, session?: Session) => void,
    wantsRoom = false,
  ): void {
    const { max, maxWaiting, acquireTimeoutMs } = this.#limits
    const foundFull = this.size >= max
    // Those for whom a connection is being opened do not wait for others.
    if (this.#queue.length - this.#opening >= maxWaiting && foundFull) return done(this.#shed())
    const caller = new AsyncResource('whetstone:pool')
    const deadlineMs = ctx?.deadlineMs ?? Infinity
    const stop = (): void => {
      leave?.()
      this.timeLimits.delete(waiter)
    }
    const refuse = (error: () => Error): void => {
      if (!this.#queue.delete(waiter)) return
      const atMs = performance.now()
      this.usage.leftInVain(atMs, foundFull ? atMs - nowMs : undefined)
      stop()
      caller.runInAsyncScope(() => done(error()))
    }
    const waiter: Waiter<Served> & { readonly wantsRoom: boolean } = {
      wantsRoom,
      sinceMs: nowMs,
      foundFull,
      atMs: Math.min(nowMs + acquireTimeoutMs, deadlineMs),
      expire: () =>
        refuse(() =>
          waiter.atMs < nowMs + acquireTimeoutMs ? deadlineFault(deadlineMs - nowMs, false) : this.#timedOut(),
        ),
      serve: (error, session) => {
        const atMs = performance.now()
        this.usage.stoppedWaiting(atMs, foundFull && !error ? atMs - nowMs : undefined)
        stop()
        if (!error && foundFull) this.#tellWaited(atMs - nowMs)
        // A connection comes back within somebody else's request; what is run on it next belongs to this one.
        caller.runInAsyncScope(() => {
          if (session) this.#lend(session, atMs, foundFull ? atMs - nowMs : 0)
          done(error, session)
        })
      },
    }
    this.#queue.push(waiter)
    this.usage.beganToWait(nowMs)
    this.timeLimits.add(waiter)
    const leave = ctx?.onCancel(reason => refuse(() => reason as Error))
    this.#refill()
  }

  #lend(session: Session, nowMs: number, waitedMs: number): void {
    session.lentAtMs = nowMs
    this.usage.lent(nowMs)
    tellLoan(() => ({ kind: 'lent', limits: this.#limits, waitedMs, inUse: this.usage.inUse, waiting: this.waiting }))
  }

  #available(session: Session, nowMs: number): void {
    const waiter = this.#queue.shift()
    if (waiter === undefined) {
      session.idleSinceMs = nowMs
      this.#idle.push(session)
    } else if ((waiter as { wantsRoom?: boolean }).wantsRoom) {
      this.#rooms++
      this.#remove(session)
      waiter.serve(undefined)
    } else waiter.serve(undefined, session)
  }

  /** Opens as many connections as there are waiters without one on its way, within `max`. */
  #refill(): void {
    if (this.#end || (this.size > 0 && performance.now() < this.#noPlaceUntilMs)) return
    while (this.#queue.length > this.#opening && this.size < this.#limits.max) void this.#openOne()
  }

  async #openOne(): Promise<void> {
    this.#opening++
    try {
      const session = await this.#open()
      this.#opening--
      this.opened++
      this.sessions.add(session)
      session.on('error', error => this.#sessionEnded(session, error))
      session.on('end', () => this.#sessionEnded(session, new Error('the server closed the connection')))
      this.#sweeper ??= setInterval(() => this.#sweep(performance.now()), this.#sweepEveryMs()).unref()
      this.#listener.connected(session)
      if (this.#end) this.#remove(session)
      else this.#available(session, performance.now())
    } catch (error) {
      this.#opening--
      this.openFailures++
      // Who waits is better served by a connection that comes back than by this refusal.
      const isWithoutPlace = (error as { code?: string }).code === tooManyConnections
      if (isWithoutPlace) this.#noPlaceUntilMs = performance.now() + noPlaceForMs
      if (!isWithoutPlace || this.size === 0) {
        this.#queue.shift()?.serve(error as Error)
        this.#refill()
      }
      this.#settleEnd()
    }
  }

  /** Who gives back an open transaction has forgotten it; the next one must not find himself in it. */
  #rollBack(session: Session): void {
    session.run('ROLLBACK', undefined, undefined, error =>
      this.giveBack(session, Boolean(error) || session.isInTransaction),
    )
  }

  #remove(session: Session): void {
    if (!this.sessions.delete(session)) return
    const index = this.#idle.indexOf(session)
    if (index >= 0) this.#idle.splice(index, 1)
    this.#closing.add(session)
    session.end(() => {
      this.#closing.delete(session)
      this.#listener.removed(session)
      this.#settleEnd()
    })
    this.#refill()
  }

  #cutAll(): void {
    for (const session of this.sessions) this.#remove(session)
    // Also those that have said goodbye to a server which does not answer.
    for (const session of this.#closing) session.connection.stream.destroy()
  }

  #sessionEnded(session: Session, error: Error): void {
    const isIdle = this.#idle.includes(session)
    // One that is lent tells its borrower, and is removed when it comes back.
    if (!isIdle) return
    this.lost++
    tell(() => ({ kind: 'lost', pool: this.#limits.name, error }))
    this.#remove(session)
    this.#listener.lost(session, error)
  }

  #sweepEveryMs(): number {
    const { idleTimeoutMs, lifetimeMs, leakAfterMs } = this.#limits
    const shortest = Math.min(...[idleTimeoutMs, lifetimeMs, leakAfterMs].filter(ms => ms > 0), Infinity)
    return Math.min(longestSweepMs, Math.max(5, shortest / 4))
  }

  #sweep(nowMs: number): void {
    const { idleTimeoutMs, leakAfterMs, min } = this.#limits
    for (const session of this.#idle.slice()) {
      const isTired = idleTimeoutMs > 0 && nowMs - session.idleSinceMs >= idleTimeoutMs && this.sessions.size > min
      if (isTired || nowMs >= session.expiresAtMs) this.#remove(session)
    }
    if (leakAfterMs === 0) return
    for (const session of this.sessions) {
      if (!session.taken || session.isReported || nowMs - session.lentAtMs < leakAfterMs) continue
      session.isReported = true
      this.leaks++
      const leak = { ...readStack(session.taken), heldMs: nowMs - session.lentAtMs }
      tell(() => ({ kind: 'leak', pool: this.#limits.name, ...leak }))
      this.#listener.leaked(leak, session.taken)
    }
  }

  /** Connections that are out for too long at this moment. */
  get leaked(): number {
    return [...this.sessions].filter(session => session.taken && session.isReported).length
  }

  #shed(): Fault {
    this.usage.wasShed()
    const { inUse } = this.usage
    const { name, max, maxWaiting } = this.#limits
    tell(() => ({ kind: 'shed', pool: name, inUse, waiting: this.waiting }))
    tellLoan(() => ({ kind: 'refused', limits: this.#limits, waitedMs: 0, waiting: this.waiting }))
    return new Fault(
      'FAULT_POOL_FULL',
      `${name} is full: ${inUse} of ${max} connections in use, ${this.waiting} callers waiting (at most ${maxWaiting})`,
      { retryable: true, hint: 'pool.advice() says whether more connections would help' },
    )
  }

  #timedOut(): Fault {
    this.usage.timedOut()
    const { inUse } = this.usage
    const { name, max, acquireTimeoutMs } = this.#limits
    const lentAtMs = [...this.sessions].filter(session => !this.#idle.includes(session)).map(({ lentAtMs }) => lentAtMs)
    const longestMs = Math.max(0, performance.now() - Math.min(...lentAtMs))
    tell(() => ({ kind: 'timeout', pool: name, waitedMs: acquireTimeoutMs, inUse, waiting: this.waiting }))
    tellLoan(() => ({ kind: 'refused', limits: this.#limits, waitedMs: acquireTimeoutMs, waiting: this.waiting + 1 }))
    return new Fault(
      'FAULT_POOL_TIMEOUT',
      `${name} had no connection within ${acquireTimeoutMs} ms: ${inUse} of ${max} in use, the longest for ${Math.round(longestMs)} ms, ${this.waiting} more callers waiting`,
      {
        retryable: true,
        hint: 'pool.advice() says whether more connections would help, pool.on("leak") who keeps them',
      },
    )
  }

  #tellWaited(waitedMs: number): void {
    tell(() => ({ kind: 'waited', pool: this.#limits.name, waitedMs, inUse: this.usage.inUse, waiting: this.waiting }))
  }

  #settleEnd(): void {
    if (this.#end && this.sessions.size === 0 && this.#opening + this.#closing.size === 0) {
      this.timeLimits.close()
      this.#end.resolve()
    }
  }
}

function endedFault(name: string): Fault {
  return new Fault('FAULT_POOL_ENDED', `${name} was ended`, { retryable: true })
}
