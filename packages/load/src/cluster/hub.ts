/** What the controller keeps for all members: values made once, who arrived where, and what it said. Every transport leads here. */
import type { Answer, Outcome, Question, Reply } from './protocol.ts'

/** A member that must wait is answered after this and asks again, so that no transport holds a request for long. */
const HOLD_MS = 400

export interface HubOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Takes a text to every member; it may get lost, for every reply repeats what its member has not seen. */
  readonly broadcast: (text: string) => void
}

export class Hub {
  readonly #options: HubOptions
  readonly #values = new Map<string, { readonly maker: string; outcome?: Outcome }>()
  readonly #arrived = new Map<string, Set<string>>()
  readonly #incarnations = new Map<string, string>()
  readonly #lastSequence = new Map<string, number>()
  readonly #controls: unknown[] = []
  readonly #listeners = new Set<(sender: string, message: unknown) => void>()
  readonly #waiting = new Set<() => void>()

  constructor(options: HubOptions) {
    this.#options = options
  }

  /** Answers one question of a member; asked twice, it gives the same answer and does nothing twice. */
  async handle(text: string): Promise<string> {
    const question = JSON.parse(text) as Question
    const answer: Answer = this.#knows(question) ? await this.#answer(question) : { kind: 'taken' }
    const controls = this.#controls.slice(question.seen)
    return JSON.stringify({ ...answer, clockMs: this.#options.now(), from: question.seen, controls } satisfies Reply)
  }

  control(message: unknown): void {
    this.#controls.push(message)
    this.#options.broadcast(JSON.stringify({ from: this.#controls.length - 1, controls: [message] }))
  }

  onMessage(listener: (sender: string, message: unknown) => void): () => void {
    this.#listeners.add(listener)
    this.#wake()
    return () => this.#listeners.delete(listener)
  }

  /** Names are kept for the whole run: what was made for one member, and where it has been, must never become another's. */
  #knows({ sender, incarnation }: Question): boolean {
    const first = this.#incarnations.get(sender)
    if (first === undefined) this.#incarnations.set(sender, incarnation)
    return first === undefined || first === incarnation
  }

  async #answer(question: Question): Promise<Answer> {
    switch (question.kind) {
      case 'claim':
        return await this.#claim(question.key, question.sender)
      case 'settle': {
        const value = this.#values.get(question.key)
        if (value !== undefined) value.outcome ??= question.outcome
        this.#wake()
        return { kind: 'settled' }
      }
      case 'arrive':
        return await this.#arrive(question.name, question.members, question.sender)
      case 'message':
        return await this.#deliver(question.sender, question.sequence, question.message)
    }
  }

  async #claim(key: string, sender: string): Promise<Answer> {
    const known = this.#values.get(key)
    if (known === undefined) this.#values.set(key, { maker: sender })
    // The maker may ask again because our answer was lost.
    if (known === undefined || (known.maker === sender && known.outcome === undefined)) return { kind: 'yours' }
    await this.#until(() => known.outcome !== undefined)
    return known.outcome === undefined ? { kind: 'being-made' } : { kind: 'made', outcome: known.outcome }
  }

  async #arrive(name: string, members: number, sender: string): Promise<Answer> {
    let arrived = this.#arrived.get(name)
    if (arrived === undefined) this.#arrived.set(name, (arrived = new Set()))
    arrived.add(sender)
    const all = arrived
    if (all.size >= members) this.#wake()
    await this.#until(() => all.size >= members)
    return { kind: 'arrived', count: all.size }
  }

  async #deliver(sender: string, sequence: number, message: unknown): Promise<Answer> {
    if (this.#listeners.size === 0) await this.#until(() => this.#listeners.size > 0)
    if (this.#listeners.size === 0) return { kind: 'nobody-listens' }
    // Else it was sent again because our answer was lost.
    if (sequence > (this.#lastSequence.get(sender) ?? 0)) {
      this.#lastSequence.set(sender, sequence)
      for (const listener of this.#listeners) listener(sender, message)
    }
    return { kind: 'delivered' }
  }

  /** Resolves when it holds, or after the longest a reply may be held. */
  #until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve()
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(check)
        resolve()
      }
      const check = () => holds() && end()
      const timer = setTimeout(end, HOLD_MS)
      this.#waiting.add(check)
    })
  }

  #wake(): void {
    for (const check of this.#waiting) check()
  }
}
