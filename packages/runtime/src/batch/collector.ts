/** Collects the keys that are asked for side by side, loads each once, and answers everybody who still waits. */
import { channel } from 'node:diagnostics_channel'
import { Context, type Ctx } from '../context.ts'
import { Fault } from '../fault.ts'
import { deadlineFault, type TimeLimit, TimeLimits } from '../time-limits.ts'
import type { Identity } from './identity.ts'
import { nextWindow, tickOnly } from './window.ts'

export interface CollectorSettings<Key> {
  readonly name: string
  /** Answers in the order of the keys; an `Error` is the answer to its key alone. */
  readonly load: (keys: readonly Key[], ctx: Ctx) => Promise<readonly unknown[]>
  readonly identify: (key: Key) => Identity
  readonly max: number
  readonly concurrency: number
  readonly maxQueued: number
  /** 0 for the tick alone. */
  readonly longestWindowMs: number
  /** Where loads run: those for several requests must not carry the context of one. */
  readonly run: (work: () => void) => void
  readonly counted: BatchCounts
}

/** Totals since the start; what is told to `diagnostics_channel` is told here too, only summed. */
export interface BatchCounts {
  loads: number
  keys: number
  failedLoads: number
}

/** What subscribers of the channel `whetstone:batch` are told at the end of each load. */
export interface BatchLoaded {
  readonly name: string
  readonly keys: number
  readonly durationMs: number
  /** How long the batch was held open after its tick. */
  readonly windowMs: number
  readonly error?: unknown
}

const loaded = channel('whetstone:batch')
const resolved = Promise.resolve()

type Settle = (value: unknown) => void

/** Somebody with a context: may leave before the answer comes. Those without share one promise and stay. */
class Waiter<Key> implements TimeLimit {
  readonly promise: Promise<unknown>
  resolve!: Settle
  reject!: Settle
  stopListening: (() => void) | undefined

  constructor(
    readonly collector: Collector<Key>,
    readonly entry: Entry<Key>,
    readonly atMs: number,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  expire(): void {
    this.collector.leave(this, deadlineFault(this.entry.load !== undefined))
  }
}

class Entry<Key> {
  promise: Promise<unknown> | undefined
  resolve: Settle | undefined
  reject: Settle | undefined
  waiters: Set<Waiter<Key>> | undefined
  load: Load | undefined

  constructor(
    readonly key: Key,
    readonly identity: Identity,
  ) {}

  stay(): Promise<unknown> {
    return (this.promise ??= new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    }))
  }

  get wanted(): boolean {
    return this.promise !== undefined || (this.waiters !== undefined && this.waiters.size > 0)
  }
}

interface Load {
  readonly context: Context
  /** Keys somebody still waits for. */
  wanted: number
}

export class Collector<Key> {
  readonly #settings: CollectorSettings<Key>
  #entries = new Map<Identity, Entry<Key>>()
  /** `due`: the batch is complete and waits for a load under way to make room, growing meanwhile. */
  #state: 'idle' | 'ticking' | 'open' | 'due' = 'idle'
  #running = 0
  #window = tickOnly
  #timer: NodeJS.Timeout | undefined
  #openedMs = -Infinity
  #sinceOpenedMs = Infinity
  #keysOfTick = 0
  #urgent = false
  #deadlines: TimeLimits | undefined

  constructor(settings: CollectorSettings<Key>) {
    this.#settings = settings
  }

  add(key: Key, ctx?: Ctx): Promise<unknown> {
    let identity
    try {
      identity = this.#settings.identify(key)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    let entry = this.#entries.get(identity)
    if (entry === undefined) {
      if (this.#entries.size >= this.#settings.maxQueued) return Promise.reject(this.#full())
      entry = new Entry(key, identity)
      this.#entries.set(identity, entry)
      if (this.#state === 'idle') this.#open()
      else if (this.#state === 'open' && this.#entries.size >= this.#settings.max) this.#close()
    }
    return ctx === undefined ? entry.stay() : this.#wait(entry, ctx)
  }

  #wait(entry: Entry<Key>, ctx: Ctx): Promise<unknown> {
    const waiter = new Waiter(this, entry, ctx.deadlineMs)
    const waiters = (entry.waiters ??= new Set())
    waiters.add(waiter)
    if (ctx.cancelled) this.leave(waiter, ctx.reason)
    else if (ctx.deadlineMs <= performance.now()) this.leave(waiter, deadlineFault(false))
    else {
      waiter.stopListening = ctx.onCancel(reason => this.leave(waiter, reason))
      if (ctx.deadlineMs < Infinity) {
        ;(this.#deadlines ??= new TimeLimits()).add(waiter)
        if (ctx.deadlineMs - performance.now() <= this.#window.windowMs) this.#hurry()
      }
    }
    return waiter.promise
  }

  /** Takes one waiter out; the load ends only when nobody is left who waits for any of its keys. */
  leave(waiter: Waiter<Key>, reason: unknown): void {
    const { entry } = waiter
    if (!entry.waiters?.delete(waiter)) return
    this.#forget(waiter)
    waiter.reject(reason)
    if (entry.wanted) return
    if (entry.load === undefined) this.#entries.delete(entry.identity)
    else if (--entry.load.wanted === 0) entry.load.context.cancel(reason)
  }

  #forget(waiter: Waiter<Key>): void {
    waiter.stopListening?.()
    if (waiter.atMs < Infinity) this.#deadlines?.delete(waiter)
  }

  #open(): void {
    this.#state = 'ticking'
    if (this.#settings.longestWindowMs > 0) {
      const nowMs = performance.now()
      this.#sinceOpenedMs = nowMs - this.#openedMs
      this.#openedMs = nowMs
    }
    // After every promise job of this tick: what awaits something already settled is still in time.
    void resolved.then(() => process.nextTick(tickOver, this))
  }

  /** For `tickOver` alone. */
  endTick(): void {
    this.#keysOfTick = this.#entries.size
    const { windowMs } = this.#window
    if (windowMs === 0 || this.#urgent || this.#keysOfTick >= this.#settings.max) this.#close()
    else {
      this.#state = 'open'
      this.#timer = setTimeout(() => this.#close(), windowMs)
    }
  }

  /** Somebody's deadline is nearer than the end of the window. */
  #hurry(): void {
    if (this.#state === 'open') this.#close()
    else this.#urgent = true
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#urgent = false
    if (this.#settings.longestWindowMs > 0)
      this.#window = nextWindow(
        this.#window,
        { lateKeys: this.#entries.size - this.#keysOfTick, sinceOpenedMs: this.#sinceOpenedMs },
        this.#settings.longestWindowMs,
      )
    this.#state = 'due'
    this.#dispatch()
  }

  #dispatch(): void {
    while (this.#state === 'due' && this.#running < this.#settings.concurrency) {
      const taken = this.#take()
      if (this.#entries.size === 0) this.#state = 'idle'
      if (taken.length > 0) this.#settings.run(() => this.#start(taken))
    }
  }

  #take(): Entry<Key>[] {
    if (this.#entries.size <= this.#settings.max) {
      const all = [...this.#entries.values()]
      this.#entries = new Map()
      return all
    }
    const some: Entry<Key>[] = []
    for (const [identity, entry] of this.#entries) {
      if (some.length === this.#settings.max) break
      some.push(entry)
      this.#entries.delete(identity)
    }
    return some
  }

  #start(entries: readonly Entry<Key>[]): void {
    const load: Load = { context: new Context(latestDeadline(entries)), wanted: entries.length }
    const keys = entries.map(entry => {
      entry.load = load
      return entry.key
    })
    const { counted } = this.#settings
    this.#running++
    counted.loads++
    counted.keys += keys.length
    const startedMs = loaded.hasSubscribers ? performance.now() : 0
    const finish = (error?: unknown) => {
      this.#running--
      if (loaded.hasSubscribers) this.#tell(keys.length, startedMs, error)
      if (this.#state === 'due') this.#dispatch()
    }
    this.#settings.load(keys, load.context).then(
      answers => {
        for (let at = 0; at < entries.length; at++) this.#answer(entries[at]!, answers[at])
        finish()
      },
      (error: unknown) => {
        counted.failedLoads++
        for (const entry of entries) this.#refuse(entry, error)
        finish(error)
      },
    )
  }

  #answer(entry: Entry<Key>, answer: unknown): void {
    if (answer instanceof Error) return this.#refuse(entry, answer)
    entry.resolve?.(answer)
    if (entry.waiters === undefined) return
    for (const waiter of entry.waiters) {
      this.#forget(waiter)
      waiter.resolve(answer)
    }
    entry.waiters.clear()
  }

  #refuse(entry: Entry<Key>, error: unknown): void {
    entry.reject?.(error)
    if (entry.waiters === undefined) return
    for (const waiter of entry.waiters) {
      this.#forget(waiter)
      waiter.reject(error)
    }
    entry.waiters.clear()
  }

  #full(): Fault {
    return new Fault(
      'FAULT_BATCH_FULL',
      `${this.#entries.size} keys of ${this.#settings.name} wait for a load already`,
      {
        retryable: true,
        hint: 'the loader is slower than its callers: raise `concurrency`, or shed load before it',
      },
    )
  }

  #tell(keys: number, startedMs: number, error: unknown): void {
    const { windowMs } = this.#window
    const message: BatchLoaded = {
      name: this.#settings.name,
      keys,
      durationMs: startedMs === 0 ? 0 : performance.now() - startedMs,
      windowMs,
      ...(error === undefined ? {} : { error }),
    }
    loaded.publish(message)
  }
}

function tickOver(collector: Collector<never>): void {
  collector.endTick()
}

/** The latest, not the tightest: one who is in a hurry leaves alone and takes nobody's answer along. */
function latestDeadline<Key>(entries: readonly Entry<Key>[]): number {
  let latest = -Infinity
  for (const { promise, waiters } of entries) {
    if (promise !== undefined) return Infinity
    for (const { atMs } of waiters ?? []) if (atMs > latest) latest = atMs
  }
  return latest
}
