/** The controller of a distributed run: gives out the shares, starts them together, and makes one result of what they hand over. */
import { performance } from 'node:perf_hooks'
import { WhetstoneError, exitCodes } from '@whetstone/model'
import type { LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'
import { checkPlan } from '../plan.ts'
import { LiveJudge } from '../thresholds/live-judge.ts'
import type { InProcessOptions, RunOptions } from '../run-in-process.ts'
import type { ControlBus } from './bus.ts'
import { joinShares } from './join-shares.ts'
import { LiveFigures } from './live-figures.ts'
import { errorOf } from './member.ts'
import { assignmentOf, READY, READY_TIMEOUT_MS, SETUP, START } from './messages.ts'
import type { Assignment, ControlMessage, WorkerMessage } from './messages.ts'
import { Seconds } from './seconds.ts'
import { Share } from './share.ts'
import { checkDivisible, workerPlan } from './worker-plan.ts'

/** A worker beats twice a second; one that was silent for so long is given up, until it speaks again. */
const SILENCE_MS = 5000
/** While it gets ready it may read large files, and hears and says nothing. */
const SILENCE_BEFORE_START_MS = 30_000
const LOOK_EVERY_MS = 250
/** All hear of the start within this, or begin late and say so by their lag. */
const START_LEAD_MS = 500
/** For workers to hear that their figures have come: one whose answer came too late asks again, and would find nobody. */
const FAREWELL_MS = 5000

export interface ControllerOptions extends RunOptions {
  readonly workers: number
  /** How long it waits for them to join. */
  readonly joinTimeoutMs: number
  /** Whose end is told otherwise, as that of a thread, is never given up for being silent. Default true. */
  readonly silenceMeansLost?: boolean
  /** Instead of the plan's scenario file: its setup and teardown are called here, once for all workers. */
  readonly scenario?: InProcessOptions['scenario']
  /** Called with the names so far whenever a worker joins. */
  readonly onJoin?: (names: readonly string[]) => void
}

/**
 * Resolves with the merged result, whose `measure.lost` names what workers that died took with them. Rejects with
 * `WHET_LOAD_PLAN` when the plan cannot be divided among so many, `WHET_LOAD_WORKERS` when not all came or none survived, and with
 * a worker's own error when its share could not be begun.
 */
export async function control(plan: LoadPlan, bus: ControlBus, options: ControllerOptions): Promise<LoadResult> {
  checkPlan(plan)
  checkDivisible(plan, options.workers)
  return await new Controller(plan, bus, options).run()
}

class Controller {
  readonly #plan: LoadPlan
  readonly #bus: ControlBus
  readonly #options: ControllerOptions
  readonly #shares = new Map<string, Share>()
  readonly #seconds: Seconds
  readonly #figures: LiveFigures
  #stopped: 'aborted' | 'threshold' | undefined
  #started = false
  #changed: () => void = () => undefined
  #failure: Error | undefined

  constructor(plan: LoadPlan, bus: ControlBus, options: ControllerOptions) {
    this.#plan = plan
    this.#bus = bus
    this.#options = options
    this.#figures = new LiveFigures()
    const judge = new LiveJudge(plan.thresholds ?? [])
    this.#seconds = new Seconds(second => {
      this.#figures.second(second)
      options.onSecond?.(second, () => this.#stop('threshold'))
      const checks = this.#all.flatMap(({ step }) => step?.checks ?? [])
      if (judge.feed(second, checks) !== undefined) this.#stop('threshold')
    })
  }

  async run(): Promise<LoadResult> {
    const { signal } = this.#options
    const abort = () => this.#stop('aborted')
    const stopHearing = this.#bus.onMessage((sender, message) => this.#hear(sender, message as WorkerMessage))
    const looks = setInterval(() => this.#look(), LOOK_EVERY_MS)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      if (signal?.aborted) abort()
      return await this.#runShares()
    } catch (error) {
      this.#stop('aborted')
      throw error
    } finally {
      clearInterval(looks)
      stopHearing()
      signal?.removeEventListener('abort', abort)
    }
  }

  async #runShares(): Promise<LoadResult> {
    const { scenario, workers } = this.#options
    // Both are claimed before any worker can: what they wait for is in their making.
    const shared = this.#bus.once(SETUP, async () => {
      await this.#allJoined()
      return await scenario?.setup?.()
    })
    const start = this.#bus.once(START, async () => {
      await shared
      await this.#bus.barrier(READY, workers + 1, READY_TIMEOUT_MS)
      return (await this.#bus.publish({ kind: 'beat' })) + START_LEAD_MS
    })
    void start.then(() => (this.#started = true)).catch(() => undefined)
    const value = await shared
    try {
      // A worker that cannot get ready says so sooner than the barrier gives up.
      await Promise.race([start, this.#until(() => this.#stopped !== undefined || this.#started)])
      await this.#until(() => this.#all.every(({ ended }) => ended))
      const result = joinShares(this.#plan, this.#all, this.#stopped)
      const farewellMs = performance.now() + FAREWELL_MS
      await this.#until(
        () => this.#all.every(share => share.left || share.result === undefined) || performance.now() > farewellMs,
      )
      return result
    } finally {
      await scenario?.teardown?.(value)
    }
  }

  async #allJoined(): Promise<void> {
    const { workers, joinTimeoutMs } = this.#options
    const deadlineMs = performance.now() + joinTimeoutMs
    await this.#until(() => {
      if (this.#stopped !== undefined) throw stoppedEarly()
      if (this.#shares.size === workers) return true
      if (performance.now() < deadlineMs) return false
      throw tooFew(this.#shares.size, workers, joinTimeoutMs)
    })
  }

  get #all(): Share[] {
    return [...this.#shares.values()].sort((a, b) => a.index - b.index)
  }

  #hear(sender: string, message: WorkerMessage): void {
    if (message.kind === 'join') this.#join(sender, message.index)
    if (message.kind === 'gone' && !this.#started) this.#failure ??= lostBeforeStart(message.name, message.why)
    const share = this.#shares.get(message.kind === 'gone' ? message.name : sender)
    if (share === undefined || share.left) return this.#changed()
    share.heardMs = performance.now()
    if (message.kind === 'left') share.left = true
    if (message.kind === 'gone') return this.#leave(share, message.why)
    share.lostBecause = undefined
    if (message.kind === 'live') {
      share.live = message.interval
      this.#options.onInterval?.(this.#figures.live(this.#all.flatMap(({ live }) => live ?? [])))
    } else if (message.kind === 'second') {
      share.second(message.second, message.soFar)
      this.#seconds.add(share.index, message.second)
      this.#flush()
    } else if (message.kind === 'done') {
      share.done(message.result)
      this.#flush()
    } else if (message.kind === 'failed') {
      // Once the load has begun, what the others measure is worth more than this worker's share.
      if (this.#started) return this.#leave(share, `failed: ${message.failure.message}`)
      this.#failure ??= errorOf({ ...message.failure, message: `${sender}: ${message.failure.message}` })
    }
    this.#changed()
  }

  #join(sender: string, wanted: number | undefined): void {
    if (this.#shares.has(sender)) return
    const { workers, onJoin } = this.#options
    const taken = new Set(this.#all.map(({ index }) => index))
    const free = Array.from({ length: workers }, (_, index) => index).filter(index => !taken.has(index))
    const index = free.find(one => one === wanted) ?? free[0]
    const assignment: Assignment =
      index === undefined
        ? { kind: 'surplus' }
        : { kind: 'share', index, of: workers, plan: workerPlan(this.#plan, index, workers) }
    void this.#bus.once(assignmentOf(sender), () => Promise.resolve(assignment))
    if (index === undefined) return
    this.#shares.set(sender, new Share(sender, index, workers, performance.now()))
    onJoin?.(this.#all.map(({ name }) => name))
  }

  #look(): void {
    const silenceMs = this.#started ? SILENCE_MS : SILENCE_BEFORE_START_MS
    const heardSinceMs = performance.now() - silenceMs
    if (this.#options.silenceMeansLost !== false) {
      for (const share of this.#all)
        if (!share.ended && share.heardMs < heardSinceMs)
          this.#lose(share, `was not heard of for ${silenceMs / 1000} s`)
    }
    this.#changed()
  }

  #leave(share: Share, why: string): void {
    share.left = true
    this.#lose(share, why)
  }

  #lose(share: Share, why: string): void {
    if (share.result !== undefined) return
    share.lostBecause = why
    if (!this.#started) this.#failure ??= lostBeforeStart(share.name, why)
    this.#flush()
    this.#changed()
  }

  #flush(): void {
    this.#seconds.flush(this.#all.filter(({ ended }) => !ended).map(({ index }) => index))
  }

  #stop(stopped: 'aborted' | 'threshold'): void {
    if (this.#stopped !== undefined) return
    this.#stopped = stopped
    void this.#bus.control({ kind: 'stop' } satisfies ControlMessage)
    this.#changed()
  }

  /** Resolves when it holds; rejects when it throws, or when a worker failed. */
  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const before = this.#changed
      this.#changed = () => {
        before()
        try {
          if (this.#failure !== undefined) throw this.#failure
          if (holds()) resolve()
        } catch (error) {
          reject(error as Error)
        }
      }
      this.#changed()
    })
  }
}

function tooFew(came: number, workers: number, joinTimeoutMs: number): WhetstoneError {
  return new WhetstoneError(
    'WHET_LOAD_WORKERS',
    `${came} of ${workers} workers had come after ${joinTimeoutMs / 1000} s`,
    {
      exitCode: exitCodes.target,
      hint: 'start more with: whetstone load worker, with the same --nats and --run',
    },
  )
}

function lostBeforeStart(name: string, why: string): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_WORKERS', `the worker ${name} ${why}, before the load began`, {
    exitCode: exitCodes.target,
    hint: 'look at its output',
  })
}

function stoppedEarly(): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_STOPPED', 'the load was stopped before the first request', {
    exitCode: exitCodes.interrupted,
  })
}
