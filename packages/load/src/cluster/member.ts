/** A member of a run: turns the four operations into questions to the hub and asks again until it is answered or the hub is gone. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isWhetstoneError, WhetstoneError, exitCodes } from '@whetstone/model'
import type { Bus } from './bus.ts'
import type { Failure, Link, Outcome, Question, QuestionBody, Reply, Said } from './protocol.ts'

const RETRY_MS = 100
/** As many as fit into the patience of the slowest transport: a pause of this process lets one time out, and its answer lies unread. */
const FEWEST_ATTEMPTS = 3

export interface MemberOptions {
  /** Unique among the members of a run; the first to ask has it, others are refused with `WHET_LOAD_NAME`. */
  readonly name: string
  readonly link: Link
  /** A hub that has not answered for so long, and three times, is gone. */
  readonly patienceMs: number
  /** Between two attempts. Default 100. */
  readonly retryMs?: number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export class Member implements Bus {
  readonly name: string
  readonly #options: MemberOptions
  readonly #incarnation = randomUUID()
  readonly #made = new Map<string, Promise<unknown>>()
  readonly #listeners = new Set<(message: unknown) => void>()
  #seen = 0
  #sequence = 0
  #lastPublish: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: MemberOptions) {
    this.name = options.name
    this.#options = options
    options.link.onBroadcast(text => this.#hear(JSON.parse(text) as Said))
  }

  async once<T>(key: string, make: () => Promise<T>): Promise<T> {
    let value = this.#made.get(key)
    if (value === undefined) this.#made.set(key, (value = this.#claim(key, make)))
    return (await value) as T
  }

  async barrier(name: string, members: number, timeoutMs: number): Promise<void> {
    const deadlineMs = this.#options.now() + timeoutMs
    for (;;) {
      const reply = await this.#ask({ kind: 'arrive', name, members })
      const count = reply.kind === 'arrived' ? reply.count : 0
      if (count >= members) return
      if (this.#options.now() >= deadlineMs) {
        throw new WhetstoneError(
          'WHET_LOAD_BARRIER',
          `${count} of ${members} had come to "${name}" after ${timeoutMs / 1000} s`,
          { exitCode: exitCodes.target },
        )
      }
    }
  }

  publish(message: unknown): Promise<number> {
    const sequence = ++this.#sequence
    // The one before must have arrived: order is kept by waiting.
    const published = this.#lastPublish
      .catch(() => undefined)
      .then(async () => (await this.#ask({ kind: 'message', sequence, message })).clockMs)
    this.#lastPublish = published
    return published
  }

  onControl(listener: (message: unknown) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#options.link.close()
  }

  async #claim(key: string, make: () => Promise<unknown>): Promise<unknown> {
    for (;;) {
      const reply = await this.#ask({ kind: 'claim', key })
      if (reply.kind === 'made') return valueOf(reply.outcome)
      if (reply.kind !== 'yours') continue
      // As the others will see it: what JSON does to a value must not depend on who made it.
      const outcome = JSON.parse(JSON.stringify(await outcomeOf(make))) as Outcome
      await this.#ask({ kind: 'settle', key, outcome })
      return valueOf(outcome)
    }
  }

  async #ask(body: QuestionBody): Promise<Reply> {
    const { name, link, patienceMs, retryMs = RETRY_MS, now } = this.#options
    const deadlineMs = now() + patienceMs
    for (let attempt = 1; ; attempt++) {
      if (this.#closed)
        throw new WhetstoneError('WHET_LOAD_BUS', `${name} has left the run`, { exitCode: exitCodes.target })
      try {
        const asker = { sender: name, incarnation: this.#incarnation, seen: this.#seen }
        const reply = JSON.parse(await link.ask(JSON.stringify({ ...body, ...asker } satisfies Question))) as Reply
        if (reply.kind === 'taken') throw nameTaken(name)
        if (reply.kind === 'too-large') throw tooLarge(body, reply.bytes)
        this.#hear(reply)
        if (reply.kind === 'nobody-listens') throw new Error('nobody listens')
        return reply
      } catch (error) {
        if (isWhetstoneError(error)) throw error
        if (now() >= deadlineMs && attempt >= FEWEST_ATTEMPTS) throw noAnswer(patienceMs, error)
        await delay(retryMs)
      }
    }
  }

  #hear({ from, controls }: Said): void {
    const fresh = controls.slice(Math.max(0, this.#seen - from))
    // A broadcast that overtook an earlier one: the next reply brings both.
    if (from > this.#seen) return
    this.#seen += fresh.length
    for (const message of fresh) for (const listener of this.#listeners) listener(message)
  }
}

async function outcomeOf(make: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { kind: 'value', value: await make() }
  } catch (error) {
    return { kind: 'failure', failure: failureOf(error) }
  }
}

function valueOf(outcome: Outcome): unknown {
  if (outcome.kind === 'failure') throw errorOf(outcome.failure)
  return outcome.value
}

/** What of an error crosses to another process. */
export function failureOf(error: unknown): Failure {
  if (!isWhetstoneError(error)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { code: 'WHET_LOAD_DEFECT', message, exitCode: exitCodes.internal }
  }
  const { code, message, exitCode, hint } = error
  return { code, message, exitCode, ...(hint === undefined ? {} : { hint }) }
}

export function errorOf({ code, message, exitCode, hint }: Failure): WhetstoneError {
  return new WhetstoneError(code, message, { exitCode, ...(hint === undefined ? {} : { hint }) })
}

function noAnswer(patienceMs: number, cause: unknown): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_BUS', `the controller has not answered for ${patienceMs / 1000} s`, {
    exitCode: exitCodes.target,
    cause,
  })
}

function nameTaken(name: string): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_NAME', `this run has, or had, another worker called ${name}`, {
    hint: 'call this one otherwise with --name',
  })
}

function tooLarge(body: QuestionBody, bytes: number): WhetstoneError {
  const what = body.kind === 'claim' ? `the value of "${body.key}"` : `an answer`
  return new WhetstoneError('WHET_LOAD_BUS', `${what} has ${bytes} bytes, more than the bus carries`, {
    exitCode: exitCodes.target,
    hint: 'let setup return less: an identifier or a token instead of whole rows',
  })
}
