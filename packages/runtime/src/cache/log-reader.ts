/** Reads a store's log of invalidations from where it last was: after a cut all that was missed, or that it can no longer be told. */
import type { Invalidation } from './tier.ts'

/** Places only grow, and are never used again: also not after the store has lost its log. */
export interface Log {
  /** The last place; an empty log gets a first one, so that there is something to read on from. */
  end(): Promise<string>
  /** From `place` on, it included where it is still there, in order and at most `count`. An empty message says nothing. */
  page(place: string, count: number): Promise<readonly (readonly [place: string, message: string])[]>
}

const pageSize = 1_000

export class LogReader {
  /** Of the last message that was heard. */
  #place = ''
  #catchingUp: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor(
    private readonly log: Log,
    private readonly onInvalidation: (invalidation: Invalidation) => void,
    private readonly onGap: () => void,
  ) {}

  async begin(): Promise<void> {
    this.#place = await this.log.end()
  }

  /** A message that follows on the last one is all there is to know; any other says that some are missing. */
  hear(before: string, place: string, message: string): void {
    if (this.#catchingUp === undefined && before === this.#place) {
      this.#place = place
      this.#tell(message)
    } else void this.catchUp()
  }

  /** Never rejects: while the store does not answer there is nothing to hear, and somebody calls again. */
  catchUp(): Promise<void> {
    this.#again = true
    this.#catchingUp ??= this.#readOn()
      .catch(() => undefined)
      .finally(() => (this.#catchingUp = undefined))
    return this.#catchingUp
  }

  stop(): void {
    this.#stopped = true
  }

  async #readOn(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      const page = await this.log.page(this.#place, pageSize + 1)
      // The place itself must still be there: the log was trimmed past it, or began anew.
      if (page[0]?.[0] !== this.#place) {
        await this.begin()
        if (!this.#stopped) this.onGap()
        continue
      }
      for (const [place, message] of page.slice(1)) {
        this.#place = place
        this.#tell(message)
      }
      if (page.length > pageSize) this.#again = true
    }
  }

  #tell(message: string): void {
    if (message !== '' && !this.#stopped) this.onInvalidation(JSON.parse(message) as Invalidation)
  }
}
