/** Asks the primary how far its log goes, after a commit: never two questions at once, and none that began before the commit. */
import type { Position } from './position.ts'

export class PlaceAsker {
  readonly #question: () => Promise<Position>
  #running: Promise<Position> | undefined
  /** Begins when `running` has ended; whoever comes meanwhile joins it. */
  #next: Promise<Position> | undefined

  constructor(question: () => Promise<Position>) {
    this.#question = question
  }

  /** The answer is of a question that begins now or later, so it covers what was committed before the call. */
  ask(): Promise<Position> {
    if (this.#next !== undefined) return this.#next
    if (this.#running === undefined) return this.#begin()
    return (this.#next = this.#afterRunning(this.#running))
  }

  async #afterRunning(running: Promise<Position>): Promise<Position> {
    await running.catch(() => undefined)
    this.#next = undefined
    return await this.#begin()
  }

  #begin(): Promise<Position> {
    const running = this.#question().finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    this.#running = running
    return running
  }
}
