/** One load and everybody who waits for it: those who may leave, and those who stay to its end. */
import { Context, type Ctx } from '../../context.ts'
import { deadlineFault, type TimeLimit, type TimeLimits } from '../../time-limits.ts'
import type { Version } from '../tier.ts'
import type { Kept } from './kept.ts'

type Settle = (value: unknown) => void

export interface FlightPlan {
  /** Before the load began. */
  readonly version: Version
  readonly tags: readonly string[]
  /** Of `performance.now()`. */
  readonly deadlineMs: number
  /** What is served where the load fails or takes too long. */
  readonly fallback: Kept | undefined
  /** Whoever waits or not, it goes on: the cache itself wants the answer. */
  readonly background: boolean
  readonly limits: TimeLimits
  /** Somebody took the stale answer, having waited long enough. */
  readonly onStale: () => void
  /** The last waiter left, for this reason. */
  readonly onAbandoned: (flight: Flight, reason: unknown) => void
}

export class Flight {
  readonly context: Context
  /** What is served where the load fails or takes too long. */
  fallback: Kept | undefined
  /** Of the shared tier, once it has been asked; 0 before. */
  sharedVersion: Version = 0
  readonly version: Version
  readonly tags: readonly string[]
  /** The key was invalidated or written meanwhile: those who wait get the answer, nobody later does. */
  detached = false
  /** Everybody has had an answer: what the load says after its time is nobody's. */
  over = false
  #promise: Promise<unknown> | undefined
  #resolve: Settle | undefined
  #reject: Settle | undefined
  /** Who cannot leave shares one promise. */
  #staying = 0
  readonly #waiters = new Set<Waiter>()
  readonly #limits: TimeLimits
  readonly #onStale: FlightPlan['onStale']
  readonly #onAbandoned: FlightPlan['onAbandoned']
  #background: boolean

  constructor({ version, tags, deadlineMs, fallback, background, limits, onStale, onAbandoned }: FlightPlan) {
    this.version = version
    this.tags = tags
    this.fallback = fallback
    this.#background = background
    this.#limits = limits
    this.#onStale = onStale
    this.#onAbandoned = onAbandoned
    this.context = new Context(deadlineMs)
  }

  get waiting(): number {
    return this.#waiters.size + this.#staying
  }

  /** @param stale served from `staleAtMs` of `performance.now()` on */
  join(ctx: Ctx | undefined, stale: Kept | undefined, staleAtMs: number): Promise<unknown> {
    const patience = stale === undefined ? Infinity : staleAtMs
    if (ctx === undefined && patience === Infinity) return this.#stay()
    const waiter = new Waiter(this, ctx?.deadlineMs ?? Infinity, patience, stale)
    this.#waiters.add(waiter)
    if (ctx?.cancelled) this.leave(waiter, ctx.reason)
    else if (waiter.atMs <= performance.now()) waiter.expire()
    else {
      waiter.stopListening = ctx?.onCancel(reason => this.leave(waiter, reason))
      this.#limits.add(waiter)
    }
    return waiter.promise
  }

  leave(waiter: Waiter, reason: unknown): void {
    if (!this.#forget(waiter)) return
    waiter.reject(reason)
    this.#abandon(reason)
  }

  /** It has its answer, the stale one: the load goes on for the next. */
  leaveWith(waiter: Waiter, stale: Kept): void {
    this.#background = true
    this.#onStale()
    if (this.#forget(waiter)) waiter.resolve(stale.value)
  }

  resolve(value: unknown): void {
    this.over = true
    this.#resolve?.(value)
    for (const waiter of this.#waiters) if (this.#forget(waiter)) waiter.resolve(value)
  }

  reject(error: unknown): void {
    this.over = true
    this.#reject?.(error)
    for (const waiter of this.#waiters) if (this.#forget(waiter)) waiter.reject(error)
  }

  #stay(): Promise<unknown> {
    this.#staying++
    return (this.#promise ??= new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    }))
  }

  #forget(waiter: Waiter): boolean {
    waiter.stopListening?.()
    this.#limits.delete(waiter)
    return this.#waiters.delete(waiter)
  }

  #abandon(reason: unknown): void {
    if (this.#background || this.waiting > 0) return
    this.#onAbandoned(this, reason)
  }
}

class Waiter implements TimeLimit {
  readonly promise: Promise<unknown>
  readonly atMs: number
  resolve!: Settle
  reject!: Settle
  stopListening: (() => void) | undefined
  readonly #flight: Flight
  readonly #stale: Kept | undefined

  constructor(flight: Flight, deadlineMs: number, patienceMs: number, stale: Kept | undefined) {
    this.#flight = flight
    this.#stale = patienceMs < Infinity ? stale : undefined
    this.atMs = Math.min(deadlineMs, patienceMs)
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** At the end of its patience or at its deadline, whichever is first; the stale answer is better than none at both. */
  expire(): void {
    if (this.#stale === undefined) this.#flight.leave(this, deadlineFault(true))
    else this.#flight.leaveWith(this, this.#stale)
  }
}
