/** What a channel tells the engine, kept for a test to read. */
import { performance } from 'node:perf_hooks'
import type { ChannelEvents } from '../../scenario/compiled.ts'

export interface Sample {
  readonly scheduledMs: number
  readonly sentMs: number
  readonly endedMs: number
  readonly status: number
  readonly bytes: number
}

export class Told implements ChannelEvents {
  readonly scheduledMs = performance.now()
  readonly samples: Sample[] = []
  readonly checks: [number, boolean][] = []
  /** One entry for each call; a conversation that ended as intended leaves `undefined`. */
  readonly ends: (string | undefined)[] = []
  readonly ended: Promise<string | undefined>
  #resolve: (kind: string | undefined) => void = () => undefined

  constructor() {
    this.ended = new Promise(resolve => (this.#resolve = resolve))
  }

  now(): number {
    return performance.now()
  }

  sample(scheduledMs: number, sentMs: number, status: number, bytes: number): void {
    this.samples.push({ scheduledMs, sentMs, endedMs: this.now(), status, bytes })
  }

  check(index: number, passed: boolean): void {
    this.checks.push([index, passed])
  }

  end(errorKind?: string): void {
    this.ends.push(errorKind)
    this.#resolve(errorKind)
  }

  get statuses(): readonly number[] {
    return this.samples.map(({ status }) => status)
  }
}
