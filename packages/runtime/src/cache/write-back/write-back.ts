/** Writes acknowledged when a journal has them, and brought to their origin later, together: durable first, fast second, never only in memory. */
import { Context, type Ctx } from '../../context.ts'
import { Fault, isFault } from '../../fault.ts'
import { deadlineFault } from '../../time-limits.ts'
import type { Codec } from '../codec/codec.ts'
import { jsonCodec } from '../codec/json.ts'
import type { Journal, JournalEntry } from './journal.ts'
import { Suspects } from './suspects.ts'

export interface WriteBackEntry<Value> {
  readonly key: string
  /** Undefined when the key was removed. */
  readonly value: Value | undefined
  /** To be kept by the origin, which must leave alone what it has under a larger one: a batch may come twice, and late. */
  readonly sequence: number
}

/** As `WriteBackEntry`, and why its origin did not take it. */
export interface SetAsideEntry<Value> extends WriteBackEntry<Value> {
  readonly error: string
  readonly tries: number
  /** Milliseconds since 1970. */
  readonly atMs: number
}

export interface WriteBackOptions<Value> {
  readonly journal: Journal
  /**
   * Brings writes to the origin: each key once, its newest value. All of them or none counts; what it throws is tried again, ever fewer at a
   * time, until the one that fails stands alone. Must be idempotent by `sequence`.
   */
  readonly flush: (entries: readonly WriteBackEntry<Value>[], ctx: Ctx) => Promise<unknown>
  /** Default `jsonCodec`. What is pending when it changes must be flushed before. */
  readonly codec?: Codec
  /** Default 500. */
  readonly maxBatch?: number
  /** How long a flush waits for more to go with it. Default 50. */
  readonly lingerMs?: number
  /** After the first failure in a row, doubled with each up to `longestPauseMs`, and half of it left to chance. Default 50. */
  readonly firstPauseMs?: number
  /** Default 30,000. */
  readonly longestPauseMs?: number
  /** A write that failed alone so often, while the origin took others, is set aside. Default 5. */
  readonly maxTries?: number
  /** A flush that takes longer is cancelled and has failed. Default 30,000. */
  readonly flushTimeoutMs?: number
  /** While the journal is full a write waits so long, then it is refused. Default 5,000. */
  readonly fullTimeoutMs?: number
  /** Writes waiting for the journal, or for room in it; beyond, they are refused at once. Default 10,000. */
  readonly maxWaiting?: number
  /** `close()` tries so long to bring everything to the origin. Default 10,000. */
  readonly closeTimeoutMs?: number
  /** 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

export interface WriteBackStats {
  /** Acknowledged since it was made. */
  readonly written: number
  /** Given to `flush` with success: fewer than `written` where several writes of a key went as one. */
  readonly flushed: number
  readonly batches: number
  readonly failedBatches: number
  readonly setAside: number
  /** Whether this process flushes; of several, one does. */
  readonly leads: boolean
  /** Of the flush that failed last, until one succeeds. */
  readonly lastError: unknown
}

interface Waiting {
  readonly key: string
  readonly payload: Uint8Array | undefined
  readonly ctx: Ctx | undefined
  readonly resolve: (sequence: number) => void
  readonly reject: (error: unknown) => void
}

/** How often a process that does not flush asks whether it should, and how often one that does looks for what others wrote. */
const idleMs = 250
/** Writes that go to the journal as one. */
const mostTogether = 1_000

export class WriteBack<Value = unknown> {
  readonly #journal: Journal
  readonly #flush: WriteBackOptions<Value>['flush']
  readonly #codec: Codec
  readonly #lingerMs: number
  readonly #flushTimeoutMs: number
  readonly #fullTimeoutMs: number
  readonly #maxWaiting: number
  readonly #closeTimeoutMs: number
  readonly #suspects: Suspects
  readonly #waiting: Waiting[] = []
  readonly #stats = { written: 0, flushed: 0, batches: 0, failedBatches: 0, setAside: 0, leads: false }
  #lastError: unknown
  #opening: Promise<void> | undefined
  #writing: Promise<void> | undefined
  #flushing: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #closeAtMs = Infinity
  /** While the flushing rests: to be called when something was written, and when there is no time left. */
  #wake: (() => void) | undefined
  #hurry: (() => void) | undefined
  /** While a group waits for room in the journal: to be called when there may be some. */
  #roomMade: (() => void) | undefined

  /** @throws RangeError for a bound that is none */
  constructor(options: WriteBackOptions<Value>) {
    const { journal, flush, codec = jsonCodec, maxBatch = 500, lingerMs = 50, firstPauseMs = 50 } = options
    const { longestPauseMs = 30_000, maxTries = 5, flushTimeoutMs = 30_000, fullTimeoutMs = 5_000 } = options
    const { maxWaiting = 10_000, closeTimeoutMs = 10_000, random = Math.random } = options
    for (const [name, bound] of Object.entries({ maxBatch, maxTries, maxWaiting, flushTimeoutMs, firstPauseMs }))
      if (!(bound >= 1)) throw new RangeError(`${name} of a write-back must be at least 1, not ${bound}`)
    for (const [name, bound] of Object.entries({ lingerMs, longestPauseMs, fullTimeoutMs, closeTimeoutMs }))
      if (!(bound >= 0)) throw new RangeError(`${name} of a write-back must be at least 0, not ${bound}`)
    this.#journal = journal
    this.#flush = flush
    this.#codec = codec
    this.#lingerMs = lingerMs
    this.#flushTimeoutMs = flushTimeoutMs
    this.#fullTimeoutMs = fullTimeoutMs
    this.#maxWaiting = maxWaiting
    this.#closeTimeoutMs = closeTimeoutMs
    this.#suspects = new Suspects({ maxBatch, firstPauseMs, longestPauseMs, maxTries, random })
  }

  get stats(): WriteBackStats {
    return { ...this.#stats, lastError: this.#lastError }
  }

  /** Before the first write: reads what an earlier process left pending, and begins to flush it. @throws what the journal throws */
  async open(): Promise<void> {
    this.#opening ??= this.#journal.open()
    await this.#opening
    this.#flushing ??= this.#flushAlways()
  }

  /**
   * Resolves when the journal has it: from then on it reaches the origin, whatever this process dies of.
   * @returns its sequence
   * @throws Fault `FAULT_WRITE_BACK_FULL` and `FAULT_WRITE_BACK_CLOSED`, retryable; what the codec throws; what the journal throws, and then the write may or may not be
   */
  async write(key: string, value: Value, ctx?: Ctx): Promise<number> {
    return await this.#enqueue(key, this.#codec.encode(value), ctx)
  }

  /** As `write`, of the key's end. */
  async remove(key: string, ctx?: Ctx): Promise<number> {
    return await this.#enqueue(key, undefined, ctx)
  }

  /** What the origin does not have yet: to be asked before the origin is, so that who wrote reads it. Undefined when nothing is pending. */
  async pending(key: string): Promise<WriteBackEntry<Value> | undefined> {
    const entry = await this.#journal.pending(key)
    return entry && this.#decoded(entry)
  }

  async pendingCount(): Promise<number> {
    return await this.#journal.pendingCount()
  }

  /** What was set aside, oldest first. */
  async setAside(): Promise<readonly SetAsideEntry<Value>[]> {
    const kept = await this.#journal.listSetAside()
    return kept.map(entry => ({ ...this.#decoded(entry), error: entry.error, tries: entry.tries, atMs: entry.atMs }))
  }

  /** Once the cause is mended: tries what was set aside, one after the other. @returns how many the origin took @throws what the first failure throws */
  async retrySetAside(): Promise<number> {
    const kept = await this.#journal.listSetAside()
    for (const entry of kept) {
      await this.#tryFlush([entry])
      await this.#journal.forgetSetAside(entry.sequence)
    }
    return kept.length
  }

  /** Gives a write up: it was acknowledged, so somebody must have decided that. */
  async forgetSetAside(sequence: number): Promise<void> {
    await this.#journal.forgetSetAside(sequence)
  }

  /** Refuses further writes, brings what is pending to the origin as long as `closeTimeoutMs` lasts, and leaves the rest in the journal. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #enqueue(key: string, payload: Uint8Array | undefined, ctx: Ctx | undefined): Promise<number> {
    if (this.#flushing === undefined || this.#closing !== undefined)
      return Promise.reject(
        new Fault('FAULT_WRITE_BACK_CLOSED', 'the write-back is not open', {
          retryable: true,
          hint: 'await open() first',
        }),
      )
    if (this.#waiting.length >= this.#maxWaiting)
      return Promise.reject(
        new Fault('FAULT_WRITE_BACK_FULL', `${this.#waiting.length} writes wait for the journal`, {
          retryable: true,
          hint: 'see stats.lastError: the origin takes less than is written',
        }),
      )
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, payload, ctx, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** While one group is being written the next one gathers: many writes, one sync. */
  async #writeAll(): Promise<void> {
    // A turn later, so that who writes several keys at once has them in one group.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#writeGroup(this.#waiting.splice(0, mostTogether).filter(stillWanted))
    this.#writing = undefined
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    if (group.length === 0) return
    // Of one key the last write is all there is to keep; its journal holds it for those before too.
    const writes = new Map(group.map(({ key, payload }) => [key, { key, payload }]))
    try {
      const sequences = await this.#append([...writes.values()])
      const byKey = new Map([...writes.keys()].map((key, index) => [key, sequences[index]!]))
      this.#stats.written += group.length
      for (const { key, resolve } of group) resolve(byKey.get(key)!)
      this.#wake?.()
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  async #append(writes: readonly { readonly key: string; readonly payload: Uint8Array | undefined }[]) {
    const endMs = performance.now() + this.#fullTimeoutMs
    for (;;) {
      try {
        return await this.#journal.append(writes)
      } catch (error) {
        const leftMs = endMs - performance.now()
        if (!isFault(error) || error.code !== 'FAULT_WRITE_BACK_FULL' || leftMs <= 0) throw error
        await this.#room(Math.min(leftMs, idleMs))
      }
    }
  }

  /** Until a batch has gone, or some time has: another process may have flushed. */
  async #room(mostMs: number): Promise<void> {
    this.#wake?.()
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, mostMs)
      this.#roomMade = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#roomMade = undefined
  }

  async #flushAlways(): Promise<void> {
    while (this.#closing === undefined || performance.now() < this.#closeAtMs) {
      let pauseMs = idleMs
      try {
        this.#stats.leads = await this.#journal.lead()
        if (this.#stats.leads) {
          const done = await this.#flushSome()
          if (done === undefined && this.#closing !== undefined) break
          pauseMs = done ?? Math.min(idleMs, Math.max(0, this.#suspects.nextDueMs() - performance.now()))
        } else if (this.#closing !== undefined) break
      } catch (error) {
        // The journal itself cannot be reached: what it has is safe, and is asked for again.
        this.#lastError = error
      }
      await this.#rest(pauseMs)
    }
    this.#stats.leads = false
  }

  /** @returns how long to leave the origin alone; undefined when there was nothing to do */
  async #flushSome(): Promise<number | undefined> {
    const suspect = this.#suspects.dueKey(performance.now())
    if (suspect !== undefined) {
      const entry = await this.#journal.pending(suspect)
      if (entry === undefined) this.#suspects.forget(suspect)
      return entry === undefined ? 0 : await this.#flushBatch([entry])
    }
    const entries = await this.#journal.oldest(this.#suspects.batch, this.#suspects.keys)
    return entries.length === 0 ? undefined : await this.#flushBatch(entries)
  }

  async #flushBatch(entries: readonly JournalEntry[]): Promise<number> {
    try {
      await this.#tryFlush(entries)
    } catch (error) {
      this.#stats.failedBatches++
      this.#lastError = error
      const { pauseMs, setAsideAfter } = this.#suspects.failed(entries, performance.now())
      if (setAsideAfter !== undefined && (await this.#journal.setAside(entries[0]!, textOf(error), setAsideAfter))) {
        this.#suspects.forget(entries[0]!.key)
        this.#stats.setAside++
      }
      return pauseMs
    }
    this.#suspects.accepted(entries)
    await this.#journal.settle(entries)
    this.#stats.batches++
    this.#stats.flushed += entries.length
    this.#lastError = undefined
    this.#roomMade?.()
    return 0
  }

  async #tryFlush(entries: readonly JournalEntry[]): Promise<void> {
    const context = new Context(performance.now() + this.#flushTimeoutMs)
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const fault = deadlineFault(true)
        context.cancel(fault)
        reject(fault)
      }, this.#flushTimeoutMs)
    })
    try {
      await Promise.race([
        this.#flush(
          entries.map(entry => this.#decoded(entry)),
          context,
        ),
        tooLong,
      ])
    } finally {
      clearTimeout(timer)
      context.release()
    }
  }

  /** Until the time is over, or somebody wrote and others had time to; after a failure only the time counts, and the end of everything. */
  async #rest(pauseMs: number): Promise<void> {
    if (pauseMs === 0) return
    await new Promise<void>(resolve => {
      let timer = setTimeout(resolve, Math.min(pauseMs, Math.max(0, this.#closeAtMs - performance.now())))
      const endIn = (ms: number): void => {
        clearTimeout(timer)
        timer = setTimeout(resolve, ms)
      }
      this.#hurry = () => endIn(0)
      if (this.#lastError === undefined)
        this.#wake = () => {
          this.#wake = undefined
          endIn(this.#lingerMs)
        }
    })
    this.#wake = undefined
    this.#hurry = undefined
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined)
    await this.#writing
    this.#closeAtMs = performance.now() + this.#closeTimeoutMs
    this.#hurry?.()
    await this.#flushing
    await this.#journal.close()
  }

  #decoded({ key, payload, sequence }: JournalEntry): WriteBackEntry<Value> {
    return { key, value: payload && (this.#codec.decode(payload) as Value), sequence }
  }
}

function stillWanted({ ctx, reject }: Waiting): boolean {
  if (ctx === undefined) return true
  if (ctx.cancelled) reject(ctx.reason)
  else if (ctx.deadlineMs <= performance.now()) reject(deadlineFault(false))
  else return true
  return false
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
