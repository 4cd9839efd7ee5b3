/** What the controller knows of one worker: its share, what it has handed over, and how it ended. */
import type { LoadInterval, LoadStep, WorkerShare } from '@whetstone/model'
import type { LiveInterval, LoadResult } from '../engine/live.ts'
import { MOST_INTERVALS, SECOND_MS } from '../record/interval-grid.ts'
import { mergeIntervals } from '../record/merge-intervals.ts'

export class Share {
  readonly name: string
  readonly index: number
  readonly of: number
  /** When it was last heard, on the controller's clock. */
  heardMs: number
  live: LiveInterval | undefined
  /** Why it counts as lost while it does; one that was only slow may come back. */
  lostBecause: string | undefined
  /** It has taken its leave, has failed, or its process has ended: what is still heard of it was under way. */
  left = false
  result: LoadResult | undefined
  #soFar: LoadStep | undefined
  #intervals: LoadInterval[] = []
  #widthMs = SECOND_MS

  constructor(name: string, index: number, of: number, heardMs: number) {
    this.name = name
    this.index = index
    this.of = of
    this.heardMs = heardMs
  }

  /** Finished, or given up: nothing more is expected of it. */
  get ended(): boolean {
    return this.result !== undefined || this.lostBecause !== undefined
  }

  second(second: LoadInterval, soFar: LoadStep): void {
    this.#soFar = soFar
    this.#intervals.push(second)
    if (this.#intervals.length <= MOST_INTERVALS) return
    this.#widthMs *= 2
    this.#intervals = mergeIntervals([this.#intervals], this.#widthMs)
  }

  done(result: LoadResult): void {
    this.result = result
    this.lostBecause = undefined
    this.#intervals = []
    this.#soFar = undefined
  }

  /** Its part of the measured step: the whole of it, or what it had handed over before it was lost. */
  get step(): LoadStep | undefined {
    return this.result?.measure ?? (this.#soFar && { ...this.#soFar, intervals: this.#intervals })
  }

  get told(): WorkerShare {
    const { name, index, of } = this
    const requests = this.step?.overall.requests ?? 0
    return { name, index, of, requests, ended: this.result === undefined ? 'lost' : 'finished' }
  }
}
