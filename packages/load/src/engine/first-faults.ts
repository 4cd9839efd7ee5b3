/** What went wrong in the user's own code or templates: the first few, for a count alone helps nobody to mend it. */

const MOST_KEPT = 3
const MOST_CHARACTERS = 300

export class FirstFaults {
  readonly #messages = new Set<string>()

  note(error: unknown): void {
    if (this.#messages.size >= MOST_KEPT) return
    const message = error instanceof Error ? error.message : String(error)
    this.#messages.add(message.slice(0, MOST_CHARACTERS))
  }

  /** One sentence each. */
  get told(): string[] {
    return [...this.#messages].map(message => `a step of the scenario failed: ${message}`)
  }
}
