/** Watches a run for limits that say `abort`, so that a load which is already lost does not go on for an hour. */
import type { CheckCount, LoadInterval, LoadThreshold } from '@whetstone/model'
import { widthOf } from '../record/interval-grid.ts'
import { endlessOf, holds, judgeFigures, judgeShare, samplesNeeded, surelyBeyond, surelyBroken } from './figure.ts'
import type { Reading, Share } from './figure.ts'
import { shareOfChecks } from './judge.ts'
import type { Figures } from './tally.ts'
import { Tally, Windows } from './tally.ts'

export interface Breach {
  readonly threshold: LoadThreshold
  /** In the unit of the metric, as in a ThresholdResult; `Infinity` where a percentile lies among the errors. */
  readonly value: number
  /** Where the broken window began, or what is judged so far; milliseconds since the start of the measured part. */
  readonly atMs: number
}

/** What is judged so far must be this long: the first answers of a service are its slowest. */
const SHORTEST_JUDGED_MS = 10_000
/** And must still be beyond the limit in the latest of these: a service that recovered may yet keep it. */
const RECENT_MS = 5000

/**
 * Fed with each complete interval of the measured step. A windowed limit is broken by a complete window; one over the whole run
 * by what has been seen so far, once that is ten seconds, so many samples that chance cannot explain it, and no better lately.
 * Two histograms for each limit that says `abort`, however long the run.
 */
export class LiveJudge {
  readonly #watched: readonly Watched[]

  constructor(thresholds: readonly LoadThreshold[]) {
    this.#watched = thresholds
      .filter(threshold => threshold.abort && threshold.metric.kind !== 'service')
      .map(threshold =>
        threshold.windowMs === undefined ? new SoFar(threshold) : new Windowed(threshold, threshold.windowMs),
      )
  }

  /** `checks` are those of the run so far. Returns the first limit that is broken. */
  feed(interval: LoadInterval, checks: readonly CheckCount[] = []): Breach | undefined {
    let first: Breach | undefined
    // All are fed, also behind the first that breaks: the caller may choose to go on.
    for (const watched of this.#watched) {
      if (interval.atMs < (watched.threshold.afterMs ?? 0)) continue
      const breach = watched.feed(interval, checks)
      first ??= breach
    }
    return first
  }
}

interface Watched {
  readonly threshold: LoadThreshold
  feed(interval: LoadInterval, checks: readonly CheckCount[]): Breach | undefined
}

class Windowed implements Watched {
  readonly threshold: LoadThreshold
  readonly #windows: Windows

  constructor(threshold: LoadThreshold, windowMs: number) {
    this.threshold = threshold
    this.#windows = new Windows(windowMs, threshold.route)
  }

  feed(interval: LoadInterval): Breach | undefined {
    let breach: Breach | undefined
    this.#windows.add(interval, widthOf(interval), (figures, atMs) => {
      const { state, value } = judgeFigures(this.threshold, figures)
      if (state === 'broken' && value !== undefined) breach = { threshold: this.threshold, value, atMs }
    })
    return breach
  }
}

class SoFar implements Watched {
  readonly threshold: LoadThreshold
  readonly #all: Tally
  readonly #recent: Windows
  #seenChecks: Share = { part: 0, of: 0 }
  #recentlyKept = false

  constructor(threshold: LoadThreshold) {
    this.threshold = threshold
    this.#all = new Tally(threshold.route)
    this.#recent = new Windows(RECENT_MS, threshold.route)
  }

  feed(interval: LoadInterval, checks: readonly CheckCount[]): Breach | undefined {
    const share = shareOfChecks(checks, this.threshold)
    this.#all.add(interval)
    this.#recent.add(interval, widthOf(interval), figures => this.#noteRecent(figures, share))
    if (this.#all.widthMs < SHORTEST_JUDGED_MS || this.#recentlyKept || !this.#isSurelyBroken(share)) return undefined
    const { value } = this.#reading(this.#all, share)
    return value === undefined || holds(this.threshold, value)
      ? undefined
      : { threshold: this.threshold, value, atMs: this.threshold.afterMs ?? 0 }
  }

  #noteRecent(figures: Figures, share: Share): void {
    const since = { part: share.part - this.#seenChecks.part, of: share.of - this.#seenChecks.of }
    this.#seenChecks = share
    const { value } = this.#reading(figures, since)
    this.#recentlyKept = value !== undefined && holds(this.threshold, value)
  }

  #reading(figures: Figures, checks: Share): Reading {
    return this.threshold.metric.kind === 'checks'
      ? judgeShare(this.threshold, checks, 'no such check was made')
      : judgeFigures(this.threshold, figures)
  }

  #isSurelyBroken(checks: Share): boolean {
    const { metric } = this.threshold
    if (metric.kind === 'checks') return surelyBeyond(this.threshold, checks)
    if (metric.kind === 'rate') return true
    const counted = this.#all.response.count + endlessOf(this.threshold, this.#all)
    const isEnough = metric.kind !== 'response' || counted >= samplesNeeded(metric.quantile)
    return isEnough && surelyBroken(this.threshold, this.#all)
  }
}
