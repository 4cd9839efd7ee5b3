/** A connection that is opened again when the database goes away, and remembers from when and for how long it was gone. */
import type { Client } from 'pg'
import type { PgOutage } from '@whetstone/model'
import { connectReadOnly } from './connect.ts'

export interface HeldOptions {
  readonly url: string
  readonly againAfterMs?: number
  readonly now?: () => number
}

const mostOutages = 100

export class HeldConnection {
  #client: Client
  readonly #options: Required<HeldOptions>
  readonly #ended: PgOutage[] = []
  #lostAtMs: number | undefined
  /** Being cut off by a pooler or a restart nobody noticed is no outage: one attempt has to fail as well. */
  #refused = false
  #closing = false
  #timer: NodeJS.Timeout | undefined
  #attempt: Promise<void> | undefined

  /** @throws WHET_DATABASE_UNREACHABLE when it cannot be opened at first */
  static async open(options: HeldOptions): Promise<HeldConnection> {
    return new HeldConnection(await connectReadOnly(options.url), options)
  }

  private constructor(client: Client, { url, againAfterMs = 250, now = Date.now }: HeldOptions) {
    this.#options = { url, againAfterMs, now }
    this.#client = client
    this.#watch(client)
  }

  /** While the server is gone: one whose queries reject. */
  get client(): Client {
    return this.#client
  }

  /** Waits for the attempt under way; where that failed or none is, tries once at once: the server may just have come back. */
  async tryNow(): Promise<void> {
    await this.#attempt
    if (this.#lostAtMs === undefined || this.#closing) return
    clearTimeout(this.#timer)
    await (this.#attempt = this.#again())
  }

  /** In the order they began; the last one may still last. */
  outages(): readonly PgOutage[] {
    const last = this.#lostAtMs === undefined || !this.#refused ? [] : [this.#outage(this.#lostAtMs, false)]
    return [...this.#ended, ...last]
  }

  /** Waits for an attempt under way, so that nothing is left open. */
  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    await this.#attempt
    await this.#client.end().catch(() => {})
  }

  #watch(client: Client): void {
    client.once('end', () => {
      if (this.#closing) return
      this.#lostAtMs = this.#options.now()
      this.#refused = false
      this.#attempt = this.#again()
    })
  }

  async #again(): Promise<void> {
    try {
      const client = await connectReadOnly(this.#options.url)
      this.#client = client
      if (this.#refused && this.#ended.length < mostOutages) this.#ended.push(this.#outage(this.#lostAtMs!, true))
      this.#lostAtMs = undefined
      this.#watch(client)
    } catch {
      this.#refused = true
      if (this.#closing) return
      this.#timer = setTimeout(() => (this.#attempt = this.#again()), this.#options.againAfterMs)
      this.#timer.unref()
    }
  }

  #outage(lostAtMs: number, ended: boolean): PgOutage {
    return { startedAt: new Date(lostAtMs).toISOString(), durationMs: this.#options.now() - lostAtMs, ended }
  }
}
