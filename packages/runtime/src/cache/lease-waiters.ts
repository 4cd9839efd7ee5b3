/** Who waits in this process for a lease of another one: woken by word, asking again when the lease would run out, gone when the caller is. */
import type { Ctx } from '../context.ts'
import type { LoadOutcome } from './tier.ts'
import { within } from './within.ts'

/** What the store says of a lease at the moment; undefined when nobody holds it and nobody did a moment ago. */
export type LeaseState = { readonly outcome: LoadOutcome } | { readonly heldForMs: number } | undefined

export class LeaseWaiters {
  readonly #look: (key: string) => Promise<LeaseState>
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(look: (key: string) => Promise<LeaseState>) {
    this.#look = look
  }

  /** @param untilMs since 1970 */
  async wait(key: string, untilMs: number, ctx: Ctx | undefined): Promise<LoadOutcome> {
    let wake = nothing
    const waiter = (): void => wake()
    const waiters = this.#waiting.get(key) ?? new Set()
    this.#waiting.set(key, waiters.add(waiter))
    try {
      for (;;) {
        // Armed before the question: what happens while it is asked is not missed.
        const woken = new Promise<void>(resolve => (wake = resolve))
        const state = await within(this.#look(key), ctx)
        if (state === undefined) return { kind: 'lost' }
        if ('outcome' in state) return state.outcome
        const leftMs = untilMs - Date.now()
        if (leftMs <= 0) return { kind: 'lost' }
        await within(wokenWithin(woken, Math.min(leftMs, state.heldForMs + 1)), ctx)
      }
    } finally {
      waiters.delete(waiter)
      if (waiters.size === 0) this.#waiting.delete(key)
    }
  }

  wake(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake()
  }

  /** For when words may have been missed: all ask again. */
  wakeAll(): void {
    for (const key of this.#waiting.keys()) this.wake(key)
  }
}

function wokenWithin(woken: Promise<void>, limitMs: number): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, Math.max(1, limitMs))
    void woken.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function nothing(): void {}
