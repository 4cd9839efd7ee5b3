/** Leaves a store in peace that did not answer several times in a row: each further question would cost a caller its patience. */

export class Breaker {
  readonly #failuresToOpen: number
  readonly #openMs: number
  #failures = 0
  #openUntilMs = 0

  constructor(failuresToOpen: number, openMs: number) {
    this.#failuresToOpen = failuresToOpen
    this.#openMs = openMs
  }

  /**
   * Whether to ask now. Once the pause is over one caller is let through, and the next only after another pause or a success.
   * @param nowMs of a clock that never goes back
   */
  admits(nowMs: number): boolean {
    if (this.#failures < this.#failuresToOpen) return true
    if (nowMs < this.#openUntilMs) return false
    this.#openUntilMs = nowMs + this.#openMs
    return true
  }

  succeeded(): void {
    this.#failures = 0
  }

  failed(nowMs: number): void {
    this.#failures++
    if (this.#failures >= this.#failuresToOpen) this.#openUntilMs = nowMs + this.#openMs
  }
}
