/** What a pool was used for: counters since it began, and the last minute or two as areas under curves, from which Little's law reads its means. */
import { WaitHistogram } from './wait-histogram.ts'

/** Advice looks at this much and what went before it, so that yesterday's burst does not size today's pool. */
const windowMs = 60_000

/** The recent past in numbers. Means are over time, as in Little's law. */
export interface RecentUsage {
  readonly elapsedMs: number
  readonly acquisitions: number
  /** Callers that waited for a connection to come back and left without one: refused in time, cancelled, past their deadline. */
  readonly waitedInVain: number
  /** Callers that found every connection lent and waited, in vain or not. */
  readonly waits: number
  /** Over all callers: who did not wait counts as 0. */
  readonly waitP95Ms: number
  readonly meanInUse: number
  readonly peakInUse: number
  readonly meanWaiting: number
  readonly meanHeldMs: number
  readonly shed: number
  readonly timeouts: number
}

class Slice {
  acquisitions = 0
  waitedInVain = 0
  releases = 0
  heldMs = 0
  peakInUse = 0
  shed = 0
  timeouts = 0
  /** Connection-milliseconds lent, caller-milliseconds waited. */
  inUseArea = 0
  waitingArea = 0
  readonly waits = new WaitHistogram()

  constructor(readonly startedMs: number) {}
}

export class Usage {
  acquisitions = 0
  waitedInVain = 0
  shed = 0
  timeouts = 0
  readonly waits = new WaitHistogram()
  inUse = 0
  waiting = 0
  #current: Slice
  #previous: Slice | undefined
  #changedMs: number

  constructor(nowMs: number) {
    this.#current = new Slice(nowMs)
    this.#changedMs = nowMs
  }

  lent(nowMs: number): void {
    this.#advance(nowMs)
    this.acquisitions++
    this.#current.acquisitions++
    if (++this.inUse > this.#current.peakInUse) this.#current.peakInUse = this.inUse
  }

  returned(nowMs: number, heldMs: number): void {
    this.#advance(nowMs)
    this.inUse--
    this.#current.releases++
    this.#current.heldMs += heldMs
  }

  beganToWait(nowMs: number): void {
    this.#advance(nowMs)
    this.waiting++
  }

  /** @param waitedMs undefined when the wait does not speak of the pool's size: it was for a connection to be made */
  stoppedWaiting(nowMs: number, waitedMs: number | undefined): void {
    this.#advance(nowMs)
    this.waiting--
    if (waitedMs === undefined) return
    this.waits.add(waitedMs)
    this.#current.waits.add(waitedMs)
  }

  /** Left without a connection: with more of them it would not have had to, so its wait counts like any other. */
  leftInVain(nowMs: number, waitedMs: number | undefined): void {
    this.stoppedWaiting(nowMs, waitedMs)
    if (waitedMs === undefined) return
    this.waitedInVain++
    this.#current.waitedInVain++
  }

  /** Who did not wait counts as 0. @param fraction from 0 to 1 */
  waitQuantileMs(fraction: number): number {
    return quantileOverCallers(this.waits, fraction, this.acquisitions + this.waitedInVain)
  }

  wasShed(): void {
    this.shed++
    this.#current.shed++
  }

  timedOut(): void {
    this.timeouts++
    this.#current.timeouts++
  }

  recent(nowMs: number): RecentUsage {
    this.#advance(nowMs)
    const slices = this.#previous ? [this.#previous, this.#current] : [this.#current]
    const sum = (read: (slice: Slice) => number) => slices.reduce((total, slice) => total + read(slice), 0)
    const elapsedMs = nowMs - slices[0]!.startedMs
    const acquisitions = sum(slice => slice.acquisitions)
    const releases = sum(slice => slice.releases)
    const waitedInVain = sum(slice => slice.waitedInVain)
    const waits = slices.map(slice => slice.waits).reduce((all, one) => all.mergedWith(one))
    return {
      elapsedMs,
      acquisitions,
      waitedInVain,
      waits: waits.count,
      waitP95Ms: quantileOverCallers(waits, 0.95, acquisitions + waitedInVain),
      meanInUse: elapsedMs > 0 ? sum(slice => slice.inUseArea) / elapsedMs : 0,
      peakInUse: Math.max(...slices.map(slice => slice.peakInUse)),
      meanWaiting: elapsedMs > 0 ? sum(slice => slice.waitingArea) / elapsedMs : 0,
      meanHeldMs: releases > 0 ? sum(slice => slice.heldMs) / releases : 0,
      shed: sum(slice => slice.shed),
      timeouts: sum(slice => slice.timeouts),
    }
  }

  #advance(nowMs: number): void {
    const elapsed = nowMs - this.#changedMs
    this.#changedMs = nowMs
    this.#current.inUseArea += this.inUse * elapsed
    this.#current.waitingArea += this.waiting * elapsed
    if (nowMs - this.#current.startedMs < windowMs) return
    this.#previous = elapsed < windowMs ? this.#current : this.#unchangedWindow(nowMs)
    this.#current = new Slice(nowMs)
    this.#current.peakInUse = this.inUse
  }

  /** After a long silence: what was before it is past, and since then everything stayed as it is. */
  #unchangedWindow(nowMs: number): Slice {
    const slice = new Slice(nowMs - windowMs)
    slice.inUseArea = this.inUse * windowMs
    slice.waitingArea = this.waiting * windowMs
    slice.peakInUse = this.inUse
    return slice
  }
}

/** Who wants room for a connection of his own may wait, and makes no acquisition. */
function quantileOverCallers(waits: WaitHistogram, fraction: number, callers: number): number {
  return waits.quantile(fraction, Math.max(callers, waits.count))
}
