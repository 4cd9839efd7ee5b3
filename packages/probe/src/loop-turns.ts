/** What of a late event loop is the process's own doing: the CPU that one request burnt before the loop came round, not the wait for a CPU. */
import { now, startInterval, stopInterval } from './clock.ts'
import { guarded } from './guard.ts'
import { requestsBegun, requestsServed, whenRequestBegins } from './ledger.ts'
import { openThreadClock, type ThreadTimes } from './thread-clock.ts'

/** From one look at the loop to the next. */
interface LoopTurn {
  /** Beyond the time between two looks. */
  readonly lateMs: number
  /** Of the main thread. */
  readonly cpuMs: number
  /** Begun or ended, whichever are more. */
  readonly requests: number
}

interface OwnDelay {
  readonly eventLoopOwnDelayMaxMs: number
  readonly cpuWaitMs?: number
}

interface Look {
  readonly at: number
  readonly thread: ThreadTimes
  readonly begun: number
  readonly served: number
}

/** As often as the delay itself is looked at. */
const lookEveryMs = 20
/** Shorter ones are no hold-up by anybody's standard; so a second has at most fifty. */
const shortestKeptMs = 20
const turnsKept = 100
/** A second without a request: then nobody is held up, and an idle process is not to be woken fifty times a second. */
const idleLooksAtMost = 50

export class LoopTurns {
  readonly #threadTimes = openThreadClock()
  #turns: LoopTurn[] = []
  #last = this.#look()
  #taken = this.#last
  #timer: NodeJS.Timeout | undefined
  #idleLooks = 0
  #isStopped = false

  start(): void {
    whenRequestBegins(guarded(() => this.#wake()))
  }

  stop(): void {
    this.#isStopped = true
    this.#sleep()
  }

  /** Since the last call. */
  take(): OwnDelay {
    if (this.#timer === undefined) this.#last = this.#look()
    else this.#turn()
    const { thread, served } = this.#last
    const requests = Math.max(1, served - this.#taken.served)
    const eventLoopOwnDelayMaxMs = longestOwnDelayMs(this.#turns, (thread.ranMs - this.#taken.thread.ranMs) / requests)
    const waitedBeforeMs = this.#taken.thread.waitedMs
    this.#turns = []
    this.#taken = this.#last
    return {
      eventLoopOwnDelayMaxMs,
      ...(thread.waitedMs === undefined || waitedBeforeMs === undefined
        ? {}
        : { cpuWaitMs: thread.waitedMs - waitedBeforeMs }),
    }
  }

  #wake(): void {
    if (this.#timer !== undefined || this.#isStopped) return
    this.#last = this.#look()
    this.#timer = startInterval(
      guarded(() => this.#turn()),
      lookEveryMs,
    ).unref()
  }

  #sleep(): void {
    stopInterval(this.#timer)
    this.#timer = undefined
  }

  #turn(): void {
    const before = this.#last
    const look = (this.#last = this.#look())
    const turn = {
      lateMs: look.at - before.at - lookEveryMs,
      cpuMs: look.thread.ranMs - before.thread.ranMs,
      requests: Math.max(look.begun - before.begun, look.served - before.served),
    }
    if (Math.min(turn.lateMs, turn.cpuMs) >= shortestKeptMs && this.#turns.length < turnsKept) this.#turns.push(turn)
    const isIdle = turn.requests === 0 && look.begun <= look.served
    this.#idleLooks = isIdle ? this.#idleLooks + 1 : 0
    if (this.#idleLooks >= idleLooksAtMost) this.#sleep()
  }

  #look(): Look {
    return { at: now(), thread: this.#threadTimes(), begun: requestsBegun(), served: requestsServed() }
  }
}

/**
 * When the machine was away, or the load came in a burst, many requests are served in one turn and make it long together. So all
 * but one are charged with what a request takes on average: what is left over is the work of one.
 */
export function longestOwnDelayMs(turns: readonly LoopTurn[], usualCpuMs: number): number {
  const ownMs = turns.map(
    ({ lateMs, cpuMs, requests }) => Math.min(lateMs, cpuMs) - Math.max(0, requests - 1) * usualCpuMs,
  )
  return Math.max(0, ...ownMs)
}
