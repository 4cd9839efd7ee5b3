/** What travels with a call: until when its answer is wanted, and whether anybody still wants it. Light, because every call of every policy has one. */
import { Fault } from './fault.ts'

type Listener = (reason: unknown) => void

export interface Ctx {
  /** Instant of `performance.now()` by which the caller wants the answer; `Infinity` when it does not say. Only ever shrinks on the way down. */
  readonly deadlineMs: number
  readonly cancelled: boolean
  /** Why, once cancelled. */
  readonly reason: unknown
  /** Runs `listener` once upon cancellation, at once when that has been. Far cheaper than `signal`. @returns what takes the listener back */
  onCancel(listener: Listener): () => void
  /** For callees that know nothing else, such as `fetch`. Made at the first reading: on Node 20 that alone costs 4 µs. */
  readonly signal: AbortSignal
}

export class Context implements Ctx {
  readonly deadlineMs: number
  #cancelled = false
  #reason: unknown
  #listeners: Set<Listener> | undefined
  #controller: AbortController | undefined
  #leaveParent: (() => void) | undefined

  constructor(deadlineMs = Infinity) {
    this.deadlineMs = deadlineMs
  }

  get cancelled(): boolean {
    return this.#cancelled
  }

  get reason(): unknown {
    return this.#reason
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#cancelled) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  onCancel(listener: Listener): () => void {
    if (this.#cancelled) {
      listener(this.#reason)
      return nothing
    }
    const listeners = (this.#listeners ??= new Set())
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }

  /** The first call counts. Every listener is told, whatever another throws. */
  cancel(reason: unknown = cancelledFault()): void {
    if (this.#cancelled) return
    this.#cancelled = true
    this.#reason = reason
    this.#controller?.abort(reason)
    const listeners = this.#listeners
    this.release()
    for (const listener of listeners ?? []) {
      try {
        listener(reason)
      } catch (error) {
        // As an event listener's would be: seen by the process, not by who cancels.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /** A context of its own below `parent`: cancelled with it, its deadline no later. */
  static below(parent: Ctx | undefined, deadlineMs = Infinity): Context {
    const context = new Context(Math.min(deadlineMs, parent?.deadlineMs ?? Infinity))
    context.#leaveParent = parent?.onCancel(reason => context.cancel(reason))
    return context
  }

  /** To be called when the work is over: a parent or a signal that lives on keeps nothing of it. */
  release(): void {
    this.#leaveParent?.()
    this.#leaveParent = undefined
    this.#listeners = undefined
  }

  /** What an `AbortSignal` says, as a context. */
  static ofSignal(signal: AbortSignal, deadlineMs = Infinity): Context {
    const context = new Context(deadlineMs)
    if (signal.aborted) context.cancel(signal.reason)
    else {
      const listener = (): void => context.cancel(signal.reason)
      signal.addEventListener('abort', listener)
      context.#leaveParent = () => signal.removeEventListener('abort', listener)
    }
    return context
  }
}

function cancelledFault(): Fault {
  return new Fault('FAULT_CANCELLED', 'the caller no longer wants the answer', { retryable: false })
}

function nothing(): void {}
