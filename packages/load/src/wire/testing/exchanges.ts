/** Drives a transport as the engine does, and keeps what it was told. */
import { performance } from 'node:perf_hooks'
import type { LoadTarget } from '../../plan.ts'
import { encodeRequest } from '../encode.ts'
import type { EncodableRequest } from '../encode.ts'
import type { PoolOptions } from '../pool.ts'
import { transportFor } from '../transport-for.ts'
import type { Exchange, Transport } from '../transport.ts'

export interface Outcome {
  readonly label: string
  /** A status, or the kind of error. */
  readonly result: number | string
  readonly sent: boolean
  readonly bodyBytes: number
  readonly head: string
  readonly body: string
  readonly retries: number
  readonly serviceMs: number
}

export interface Ask extends Partial<EncodableRequest> {
  readonly capture?: Exchange['capture']
}

interface Asked extends Exchange {
  readonly label: string
}

const askers: Asker[] = []

/** Closed by `closeAskers`. */
export function asker(target: LoadTarget, options: Partial<PoolOptions> = {}): Asker {
  const made = new Asker(target, options)
  askers.push(made)
  return made
}

/** Give it to `afterEach`. */
export function closeAskers(): void {
  for (const one of askers.splice(0)) one.close()
}

class Asker {
  readonly outcomes: Outcome[] = []
  readonly transport: Transport<Asked>
  readonly #host: string
  readonly #sweep: NodeJS.Timeout
  #asked = 0
  #wake: () => void = () => undefined

  constructor(target: LoadTarget, options: Partial<PoolOptions> = {}) {
    this.#host = `${target.host}:${target.port}`
    const now = () => performance.now()
    const settings = { maxConnections: 4, requestsPerConnection: Infinity, timeoutMs: 5_000, maxWaiting: 1_000, now }
    this.transport = transportFor<Asked>(
      { ...settings, target, ...options },
      {
        onAnswer: (exchange, { status, bodyBytes, head, body }, nowMs) =>
          this.#note(exchange, status, nowMs, bodyBytes, head, body.toString('latin1')),
        onFailure: (exchange, kind, nowMs) => this.#note(exchange, kind, nowMs),
      },
    )
    this.#sweep = setInterval(() => this.transport.sweep(), 10)
  }

  ask({ method = 'GET', path = '/', headers = {}, body, capture = 'none' }: Ask = {}): void {
    const encoded = encodeRequest({ method, path, headers, ...(body !== undefined && { body }) }, this.#host)
    this.askRaw(encoded, method, `${method} ${path}`, capture)
  }

  askRaw(encoded: string, method = 'GET', label = encoded, capture: Exchange['capture'] = 'none'): void {
    this.#asked++
    const nowMs = performance.now()
    const times = { scheduledMs: nowMs, noticedMs: nowMs, sentMs: NaN }
    this.transport.submit({ encoded, method, label, capture, ...times, retries: 0 })
  }

  /** Resolves when everything asked was reported, or so many of it. */
  async told(count = this.#asked): Promise<readonly Outcome[]> {
    while (this.outcomes.length < count) await new Promise<void>(wake => (this.#wake = wake))
    return this.outcomes
  }

  /** The results by how often they came. */
  async counts(count?: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {}
    for (const { result } of await this.told(count)) counts[result] = (counts[result] ?? 0) + 1
    return counts
  }

  close(): void {
    clearInterval(this.#sweep)
    this.transport.close()
  }

  #note(
    { label, sentMs, retries }: Asked,
    result: number | string,
    nowMs: number,
    bodyBytes = 0,
    head = '',
    body = '',
  ): void {
    const sent = !Number.isNaN(sentMs)
    this.outcomes.push({ label, result, sent, bodyBytes, head, body, retries, serviceMs: nowMs - sentMs })
    this.#wake()
  }
}
