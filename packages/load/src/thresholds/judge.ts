/** Judges a finished step against its limits, over the whole run or over every window of it. */
import { closestTo } from '@whetstone/model'
import type { CheckCount, LoadStep, LoadThreshold, ThresholdResult } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { widthOf } from '../record/interval-grid.ts'
import { judgeFigures, judgeShare } from './figure.ts'
import type { Reading, Share } from './figure.ts'
import type { Figures } from './tally.ts'
import { Tally } from './tally.ts'
import { secondsText } from './text.ts'
import { WindowJudge } from './windowed.ts'
import type { SecondsJudge } from './windowed.ts'

/**
 * One result for each threshold, in their order. Percentiles over the whole run leave out what lies before the steady state, if
 * one was found; errors, rates and checks count from the first request, and windows are judged all. A q-quantile of fewer than
 * 10 / (1 - q) answers is `unknown`, unless so many lie beyond the limit that chance cannot have done it. Under an upper limit of
 * the response time errors count as endless answers; a percentile that lies among them has no value. Whole-run rates are those
 * achieved; rates of a route or a window count the requests that ended in it. Where the intervals of a long step are too wide for
 * a window, the whole `seconds` of the run decide; without them such a limit can only be broken or `unknown`.
 */
export function judgeThresholds(
  step: LoadStep,
  thresholds: readonly LoadThreshold[],
  seconds?: SecondsJudge,
): ThresholdResult[] {
  return thresholds.map(threshold => ({ threshold, ...judge(step, threshold, seconds) }))
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

function judge(step: LoadStep, threshold: LoadThreshold, seconds: SecondsJudge | undefined): Judged {
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
  if (!isSliceable(step, threshold)) return stripped(noCells)
  return seconds?.resultOf(threshold, step) ?? judgeWindows(step, threshold, windowMs)
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
  const judge = new WindowJudge(threshold, windowMs)
  for (const interval of step.intervals) judge.add(interval, step.durationMs)
  return judge.result()
}

function stripped({ state, value, note }: Reading, alsoNote?: string): Judged {
  const notes = [alsoNote, note].filter(text => text !== undefined).join('; ')
  return { state, ...shown(value), ...(notes === '' ? {} : { note: notes }) }
}

/** JSON has no infinity. */
function shown(value: number | undefined): { readonly value?: number } {
  return value === undefined || !Number.isFinite(value) ? {} : { value }
}
