/** Judges a finished step against its limits, over the whole run or over every window of it. */
import { closestTo, countText } from '@whetstone/model'
import type { CheckCount, LoadStep, LoadThreshold, ThresholdResult } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { endlessNote, endlessOf, judgeFigures, judgeShare, samplesNeeded, worseOf } from './figure.ts'
import type { Reading, Share } from './figure.ts'
import type { Figures } from './tally.ts'
import { Tally, Windows, widthOf } from './tally.ts'
import { metricName, secondsText } from './text.ts'

/**
 * One result for each threshold, in their order. Percentiles over the whole run leave out what lies before the steady state, if
 * one was found; errors, rates and checks count from the first request, and windows are judged all. A q-quantile of fewer than
 * 10 / (1 - q) answers is `unknown`, unless so many lie beyond the limit that chance cannot have done it. Under an upper limit of
 * the response time errors count as endless answers; a percentile that lies among them has no value. Whole-run rates are those
 * achieved; rates of a route or a window count the requests that ended in it.
 */
export function judgeThresholds(step: LoadStep, thresholds: readonly LoadThreshold[]): ThresholdResult[] {
  return thresholds.map(threshold => ({ threshold, ...judge(step, threshold) }))
}

export function shareOfChecks(checks: readonly CheckCount[], { metric, route }: LoadThreshold): Share {
  const name = metric.kind === 'checks' ? metric.name : undefined
  const asked = checks.filter(
    check => (name === undefined || check.name === name) && (route === undefined || check.route === route),
  )
  const passes = asked.reduce((sum, check) => sum + check.passes, 0)
  return { part: passes, of: asked.reduce((sum, check) => sum + check.fails, passes) }
}

type Judged = Omit<ThresholdResult, 'threshold'>

function judge(step: LoadStep, threshold: LoadThreshold): Judged {
  const { metric, route, windowMs } = threshold
  const known = step.routes.map(load => load.route)
  if (route !== undefined && !known.includes(route)) {
    const meant = closestTo(route, known)
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`
    return { state: 'unknown', note: `there is no route ${route} in this run${hint}` }
  }
  if (metric.kind === 'checks') return stripped(judgeChecks(step, threshold))
  if (windowMs === undefined) return judgeWhole(step, threshold)
  if (metric.kind === 'service') return { state: 'unknown', note: 'the service time is kept for the whole run only' }
  return judgeWindows(step, threshold, windowMs)
}

function judgeChecks({ checks = [] }: LoadStep, threshold: LoadThreshold): Reading {
  const { metric } = threshold
  const names = [...new Set(checks.map(check => check.name))]
  const asked = metric.kind === 'checks' ? metric.name : undefined
  const meant = asked === undefined ? undefined : closestTo(asked, names)
  const isMissing = asked !== undefined && !names.includes(asked)
  return judgeShare(
    threshold,
    shareOfChecks(checks, threshold),
    isMissing && meant !== undefined ? `no check has this name; did you mean ${meant}?` : 'no such check was made',
  )
}

function judgeWhole(step: LoadStep, threshold: LoadThreshold): Judged {
  const { metric, afterMs = 0 } = threshold
  if (metric.kind === 'service' && afterMs > 0)
    return { state: 'unknown', note: 'the service time is kept for the whole run only' }
  const { steadyState } = step
  const excludedMs = metric.kind === 'response' && steadyState?.kind === 'steady' ? steadyState.excludedMs : 0
  const leftOut = `the first ${secondsText(excludedMs)} are left out, before it was steady`
  if (afterMs >= excludedMs) return stripped(judgeFrom(step, threshold, afterMs))
  if (threshold.route === undefined && steadyState !== undefined) {
    const reading = judgeFigures(threshold, {
      ...totals(step, threshold),
      errors: errorsFrom(step, excludedMs),
      response: Histogram.fromJSON(steadyState.response),
    })
    return stripped(reading, leftOut)
  }
  return isSliceable(step, threshold)
    ? stripped(judgeFrom(step, threshold, excludedMs), leftOut)
    : stripped(judgeFrom(step, threshold, afterMs))
}

function judgeFrom(step: LoadStep, threshold: LoadThreshold, fromMs: number): Reading {
  if (fromMs === 0) return judgeFigures(threshold, totals(step, threshold))
  if (!isSliceable(step, threshold)) return noCells
  const tally = new Tally(threshold.route)
  for (const interval of step.intervals) {
    if (interval.atMs >= fromMs) tally.add(interval, Math.min(widthOf(interval), step.durationMs - interval.atMs))
  }
  if (tally.widthMs === 0) return { state: 'unknown', note: `the run ended before ${secondsText(fromMs)}` }
  return judgeFigures(threshold, tally)
}

function errorsFrom({ intervals }: LoadStep, fromMs: number): number {
  return intervals.reduce((sum, { atMs, errors }) => (atMs >= fromMs ? sum + errors : sum), 0)
}

const noCells: Reading = { state: 'unknown', note: 'this run kept no figures by route and interval' }

function isSliceable({ intervals }: LoadStep, { route }: LoadThreshold): boolean {
  return route === undefined || intervals.some(interval => interval.cells !== undefined)
}

function totals(step: LoadStep, { metric, route }: LoadThreshold): Figures {
  const record = route === undefined ? step.overall : step.routes.find(load => load.route === route)!
  return {
    requests: record.requests,
    errors: record.errors,
    ratePerSecond:
      route === undefined && step.durationMs > 0
        ? step.achievedRatePerSecond
        : (record.requests * 1000) / step.durationMs,
    response: Histogram.fromJSON(metric.kind === 'service' ? record.service : record.response),
  }
}

function judgeWindows(step: LoadStep, threshold: LoadThreshold, windowMs: number): Judged {
  if (!isSliceable(step, threshold)) return stripped(noCells)
  const { afterMs = 0 } = threshold
  const windows = new Windows(windowMs, threshold.route)
  const found = { windows: 0, tooFew: 0, broken: 0, endless: 0 }
  let lengthMs = windowMs
  let value: number | undefined
  let brokenAtMs: number | undefined
  for (const interval of step.intervals) {
    const widthMs = Math.min(widthOf(interval), step.durationMs - interval.atMs)
    if (interval.atMs < afterMs || widthMs <= 0) continue
    windows.add(interval, widthMs, (figures, startMs) => {
      const reading = judgeFigures(threshold, figures)
      found.windows++
      found.endless += endlessOf(threshold, figures)
      lengthMs = Math.max(lengthMs, figures.widthMs)
      if (reading.state === 'unknown') found.tooFew++
      else value = worseOf(threshold, value, reading.value)
      if (reading.state !== 'broken') return
      found.broken++
      brokenAtMs ??= startMs
    })
  }
  const notes: string[] = []
  if (found.windows === 0) notes.push(`the run had no complete window of ${secondsText(windowMs)}`)
  if (lengthMs > windowMs)
    notes.push(`windows of ${secondsText(lengthMs)}, for that is how the intervals of this run fall`)
  if (found.tooFew > 0) notes.push(tooFewText(threshold, found.tooFew, found.windows))
  const failed = endlessNote(found.endless)
  if (failed !== undefined) notes.push(failed)
  const mostJudged = found.windows > 0 && found.tooFew * 2 <= found.windows
  return {
    state: found.broken > 0 ? 'broken' : mostJudged ? 'kept' : 'unknown',
    ...shown(value),
    ...(brokenAtMs === undefined ? {} : { brokenAtMs, brokenWindows: found.broken }),
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  }
}

function tooFewText({ metric }: LoadThreshold, tooFew: number, windows: number): string {
  const few = `${countText(tooFew)} of ${countText(windows)} windows had too few answers`
  return metric.kind === 'response'
    ? `${few}: ${metricName(metric)} needs ${countText(samplesNeeded(metric.quantile))}`
    : few
}

function stripped({ state, value, note }: Reading, alsoNote?: string): Judged {
  const notes = [alsoNote, note].filter(text => text !== undefined).join('; ')
  return { state, ...shown(value), ...(notes === '' ? {} : { note: notes }) }
}

/** JSON has no infinity. */
function shown(value: number | undefined): { readonly value?: number } {
  return value === undefined || !Number.isFinite(value) ? {} : { value }
}
