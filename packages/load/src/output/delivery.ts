/** Posts one body after the other to a receiver that may be slow, busy or away, and never holds up the run for it. */
import { setTimeout as delay } from 'node:timers/promises'
import { countText } from '@whetstone/model'

export interface DeliveryOptions {
  /** Pauses before a body is sent again after a 5xx, a 429 or no answer; as many as there are retries. */
  readonly retryDelaysMs: readonly number[]
  /** For one attempt. */
  readonly timeoutMs: number
  /** Once the run is over: how long it may go on without a success. */
  readonly patienceMs: number
  /** Bodies that may wait; beyond that the oldest is dropped. */
  readonly longestQueue: number
}

export const deliveryDefaults: DeliveryOptions = {
  retryDelaysMs: [200, 400, 800],
  timeoutMs: 5000,
  patienceMs: 10_000,
  longestQueue: 60,
}

export type Body = string | Uint8Array<ArrayBuffer>

/** In order, one at a time: receivers refuse samples that are older than those they have. */
export class Delivery {
  readonly #name: string
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #options: DeliveryOptions
  readonly #queue: Body[] = []
  readonly #giveUp = new AbortController()
  #working: Promise<void> | undefined
  #deadline: NodeJS.Timeout | undefined
  #posted = 0
  #dropped = 0
  #lastFailure = ''

  constructor(name: string, url: URL, headers: Readonly<Record<string, string>>, options: DeliveryOptions) {
    const { username, password } = url
    const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
    this.#headers = username === '' ? headers : { ...headers, authorization: `Basic ${basic}` }
    // Fetch takes no credentials in a URL, and no warning may print them.
    this.#url = new URL(url)
    this.#url.username = this.#url.password = ''
    this.#name = `${name} ${this.#url.href}`
    this.#options = options
  }

  push(body: Body): void {
    this.#posted++
    if (this.#queue.length >= this.#options.longestQueue) {
      this.#queue.shift()
      this.#drop('the receiver is too slow')
    }
    this.#queue.push(body)
    this.#working ??= this.#work()
  }

  /** The run is over: from here on its patience is limited. */
  hurry(): void {
    this.#deadline ??= setTimeout(() => this.#giveUp.abort(), this.#options.patienceMs)
  }

  /** Resolves when another body would not push one out. */
  async whenRoom(): Promise<void> {
    while (this.#working !== undefined && this.#queue.length >= this.#options.longestQueue) await this.#working
  }

  /** Resolves with a warning for what was lost. Afterwards nothing is sent any more. */
  async drain(): Promise<string[]> {
    this.hurry()
    await this.#working
    clearTimeout(this.#deadline)
    if (this.#dropped === 0) return []
    const lost = `${countText(this.#dropped)} of ${countText(this.#posted)} writes were lost`
    return [`${this.#name}: ${lost} (${this.#lastFailure})`]
  }

  async #work(): Promise<void> {
    for (let body = this.#queue.shift(); body !== undefined; body = this.#queue.shift()) await this.#deliver(body)
    this.#working = undefined
  }

  async #deliver(body: Body): Promise<void> {
    for (const pauseMs of [...this.#options.retryDelaysMs, undefined]) {
      if (this.#giveUp.signal.aborted) return this.#drop('no time was left')
      const { failure, again } = await this.#post(body)
      if (failure === undefined) return void this.#deadline?.refresh()
      if (!again || pauseMs === undefined) return this.#drop(failure)
      await delay(pauseMs, undefined, { signal: this.#giveUp.signal }).catch(() => undefined)
    }
  }

  async #post(body: Body): Promise<{ readonly failure?: string; readonly again: boolean }> {
    try {
      const signal = AbortSignal.any([this.#giveUp.signal, AbortSignal.timeout(this.#options.timeoutMs)])
      const answer = await fetch(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body,
        signal,
        redirect: 'manual',
      })
      const said = (await answer.text()).trim().split('\n')[0]!.slice(0, 200)
      if (answer.ok) return { again: false }
      const failure = `${answer.status} ${answer.statusText}${said === '' ? '' : `: ${said}`}`
      return { failure, again: answer.status >= 500 || answer.status === 429 }
    } catch (error) {
      const { message, cause } = error as Error
      return { failure: cause instanceof Error && cause.message !== '' ? cause.message : message, again: true }
    }
  }

  #drop(why: string): void {
    this.#dropped++
    // Why the first of them was lost says more than that there was no time for the last.
    if (this.#lastFailure === '' || !this.#giveUp.signal.aborted) this.#lastFailure = why
  }
}
