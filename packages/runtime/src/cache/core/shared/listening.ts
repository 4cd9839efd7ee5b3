/** Hearing of a bus for as long as a cache lives: from as soon as it can be heard, whatever it takes. */
import type { Invalidation, InvalidationBus } from '../../tier.ts'

const firstPauseMs = 50
const longestPauseMs = 1_000

export class Listening {
  /** Resolves when the bus is heard for the first time. */
  readonly heard: Promise<void>
  #stop: (() => Promise<void>) | undefined
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #resolveHeard!: () => void

  constructor(
    private readonly bus: InvalidationBus,
    private readonly onInvalidation: (invalidation: Invalidation) => void,
    private readonly onGap: () => void,
  ) {
    this.heard = new Promise(resolve => (this.#resolveHeard = resolve))
    void this.#listen(firstPauseMs)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#resolveHeard()
    await this.#stop?.()
  }

  async #listen(pauseMs: number): Promise<void> {
    try {
      this.#stop = await this.bus.subscribe(this.onInvalidation, this.onGap)
    } catch {
      if (this.#closed) return
      this.#timer = setTimeout(() => void this.#listen(Math.min(longestPauseMs, pauseMs * 2)), pauseMs).unref()
      return
    }
    if (this.#closed) return await this.#stop()
    // Whatever was kept before nobody could contradict.
    this.onGap()
    this.#resolveHeard()
  }
}
