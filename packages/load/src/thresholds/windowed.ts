/** Judges limits over windows, fed one interval after the other, in memory that does not grow with the run. */
import { countText } from '@whetstone/model'
import type { LoadInterval, LoadStep, LoadThreshold, ThresholdResult } from '@whetstone/model'
import { SECOND_MS, widthOf } from '../record/interval-grid.ts'
import { endlessNote, endlessOf, judgeFigures, samplesNeeded, worseOf } from './figure.ts'
import { Windows } from './tally.ts'
import { metricName, secondsText } from './text.ts'

type Judged = Omit<ThresholdResult, 'threshold'>

/** One limit, over the intervals it is given. */
export class WindowJudge {
  readonly #threshold: LoadThreshold
  readonly #windowMs: number
  readonly #windows: Windows
  readonly #found = { windows: 0, tooFew: 0, broken: 0, endless: 0 }
  #lengthMs: number
  #value: number | undefined
  #brokenAtMs: number | undefined

  constructor(threshold: LoadThreshold, windowMs: number) {
    this.#threshold = threshold
    this.#windowMs = windowMs
    this.#windows = new Windows(windowMs, threshold.route)
    this.#lengthMs = windowMs
  }

  /** `endMs` is the end of the step, which may cut the last interval short. */
  add(interval: LoadInterval, endMs: number): void {
    const threshold = this.#threshold
    const found = this.#found
    const widthMs = Math.min(widthOf(interval), endMs - interval.atMs)
    if (interval.atMs < (threshold.afterMs ?? 0) || widthMs <= 0) return
    this.#windows.add(interval, widthMs, (figures, startMs) => {
      const reading = judgeFigures(threshold, figures)
      found.windows++
      found.endless += endlessOf(threshold, figures)
      this.#lengthMs = Math.max(this.#lengthMs, figures.widthMs)
      if (reading.state === 'unknown') found.tooFew++
      else this.#value = worseOf(threshold, this.#value, reading.value)
      if (reading.state !== 'broken') return
      found.broken++
      this.#brokenAtMs ??= startMs
    })
  }

  result(): Judged {
    const { windows, tooFew, broken } = this.#found
    const value = this.#value
    const mostJudged = windows > 0 && tooFew * 2 <= windows && !this.#isTooWide
    const note = this.#notes().join('; ')
    return {
      state: broken > 0 ? 'broken' : mostJudged ? 'kept' : 'unknown',
      ...(value === undefined || !Number.isFinite(value) ? {} : { value }),
      ...(this.#brokenAtMs === undefined ? {} : { brokenAtMs: this.#brokenAtMs, brokenWindows: broken }),
      ...(note === '' ? {} : { note }),
    }
  }

  /** Wider than whole seconds would make them. Such a window breaks no limit that all its parts keep, but may hide a part that does. */
  get #isTooWide(): boolean {
    return this.#lengthMs > Math.ceil(this.#windowMs / SECOND_MS) * SECOND_MS
  }

  #notes(): string[] {
    const { windows, tooFew, endless } = this.#found
    const notes: string[] = []
    if (windows === 0) notes.push(`the run had no complete window of ${secondsText(this.#windowMs)}`)
    if (this.#lengthMs > this.#windowMs)
      notes.push(`windows of ${secondsText(this.#lengthMs)}, for that is how the intervals of this run fall`)
    if (tooFew > 0) notes.push(tooFewText(this.#threshold, tooFew, windows))
    const failed = endlessNote(endless)
    return failed === undefined ? notes : [...notes, failed]
  }
}

/**
 * The limits of a run that have a window, judged while it runs: its step keeps wider intervals the longer it takes, 8 s of half
 * an hour and more, and a window is not to be judged by less than it says. Fed with each second of the measured step, in order.
 */
export class SecondsJudge {
  readonly #judges = new Map<LoadThreshold, WindowJudge>()
  /** Held back: the end of the step, which may cut it short, is known when it is over. */
  #last: LoadInterval | undefined
  #untilMs = 0

  constructor(thresholds: readonly LoadThreshold[]) {
    for (const threshold of thresholds)
      if (threshold.windowMs !== undefined) this.#judges.set(threshold, new WindowJudge(threshold, threshold.windowMs))
  }

  second(second: LoadInterval): void {
    this.#take(Infinity)
    this.#last = second
  }

  /** Undefined where a second is missing, and where the intervals of the step are as fine. */
  resultOf(threshold: LoadThreshold, { intervals, durationMs }: LoadStep): Judged | undefined {
    this.#take(durationMs)
    const isWhole = this.#untilMs >= durationMs && intervals.some(interval => widthOf(interval) > SECOND_MS)
    return isWhole ? this.#judges.get(threshold)?.result() : undefined
  }

  #take(endMs: number): void {
    const second = this.#last
    this.#last = undefined
    if (second === undefined) return
    if (second.atMs === this.#untilMs) this.#untilMs += widthOf(second)
    for (const judge of this.#judges.values()) judge.add(second, endMs)
  }
}

function tooFewText({ metric }: LoadThreshold, tooFew: number, windows: number): string {
  const few = `${countText(tooFew)} of ${countText(windows)} windows had too few answers`
  return metric.kind === 'response'
    ? `${few}: ${metricName(metric)} needs ${countText(samplesNeeded(metric.quantile))}`
    : few
}
