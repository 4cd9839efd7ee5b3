/** Whether an offered rate keeps the objective, judged over all looks at that rate together, or whether another look is needed. */
import { countText, msText } from '@whetstone/model'
import type { LoadInterval, LoadStep, LoadThreshold } from '@whetstone/model'
import { blockQuantile, Histogram, type Block, type Interval } from '@whetstone/stats'
import { holds, samplesNeeded } from '../thresholds/figure.ts'
import { judgeThresholds } from '../thresholds/judge.ts'
import { metricName, resultText } from '../thresholds/text.ts'
import { growthOf } from './growth.ts'

export interface Judgement {
  /** By the estimate alone. */
  readonly held: boolean
  /** Whether the interval, too, lies on that side of the limit. */
  readonly sure: boolean
  /** Of the limit that decided. */
  readonly reason?: string
  /** Of the first limit; in the unit of that limit. */
  readonly value?: Interval
}

/** `looks` are measured steps at one offered rate, each with a warm-up of its own. */
export function judgeLooks(looks: readonly LoadStep[], objective: readonly LoadThreshold[]): Judgement {
  const judged = objective.map(threshold => judgeLimit(looks, threshold))
  const growing = growth(looks)
  const all = growing === undefined ? judged : [...judged, growing]
  const broken = all.filter(({ held }) => !held)
  const sureBreak = broken.find(({ sure }) => sure)
  const decisive = sureBreak ?? broken[0]
  const value = judged[0]?.value
  return {
    held: broken.length === 0,
    sure: sureBreak !== undefined || all.every(({ sure }) => sure),
    ...(decisive?.reason !== undefined && { reason: decisive.reason }),
    ...(value !== undefined && { value }),
  }
}

/** The smallest number of requests that can say something about every limit. */
export function requestsNeeded(objective: readonly LoadThreshold[]): number {
  return Math.max(
    100,
    ...objective.map(({ metric }) =>
      metric.kind === 'response' || metric.kind === 'service' ? samplesNeeded(metric.quantile) : 0,
    ),
  )
}

function judgeLimit(looks: readonly LoadStep[], threshold: LoadThreshold): Judgement {
  const { metric, windowMs, afterMs = 0, comparison, limit } = threshold
  const isUpper = comparison === '<' || comparison === '<='
  if (metric.kind === 'response' && windowMs === undefined && afterMs === 0 && isUpper) {
    const blocks = looks.flatMap(({ intervals }) => intervals.map(interval => blockOf(interval, threshold)))
    const counted = blocks.reduce((sum, { values, endless = 0 }) => sum + values.count + endless, 0)
    const needed = samplesNeeded(metric.quantile)
    if (blocks.length < 3 || counted < needed) {
      return {
        held: false,
        sure: false,
        reason: `${countText(counted)} answers, and ${metricName(metric)} needs ${countText(needed)}`,
      }
    }
    const value = inMs(blockQuantile(blocks, metric.quantile))
    const held = holds(threshold, value.estimate)
    return {
      held,
      sure: held ? holds(threshold, value.high) : value.low >= limit,
      value,
      ...(!held && {
        reason: `${metricName(metric)} was ${Number.isFinite(value.estimate) ? msText(value.estimate) : 'an error'}`,
      }),
    }
  }
  return judgeOneByOne(looks, threshold)
}

/** What has no interval is judged look by look, and the majority decides. */
function judgeOneByOne(looks: readonly LoadStep[], threshold: LoadThreshold): Judgement {
  const results = looks.flatMap(look => judgeThresholds(look, [threshold]))
  const broken = results.filter(({ state }) => state !== 'kept')
  const held = broken.length * 2 < results.length
  const values = results.flatMap(({ value }) => (value === undefined ? [] : [value])).toSorted((a, b) => a - b)
  const estimate = values[Math.floor(values.length / 2)]
  return {
    held,
    sure: broken.length === 0 || broken.length === results.length,
    ...(!held && { reason: resultText(broken[0]!) }),
    ...(estimate !== undefined && { value: { estimate, low: values[0]!, high: values.at(-1)! } }),
  }
}

/**
 * An error is never a fast answer: it counts as one that took for ever, so that a service cannot keep its percentile by refusing
 * what is too much for it.
 */
function blockOf(interval: LoadInterval, { route }: LoadThreshold): Block {
  if (route === undefined) return { values: Histogram.fromJSON(interval.response), endless: interval.errors }
  const values = new Histogram()
  let endless = 0
  for (const cell of interval.cells ?? []) {
    if (cell.route !== route) continue
    if (cell.statusClass === 'error' || cell.statusClass === '5xx') endless += cell.requests
    else values.merge(Histogram.fromJSON(cell.response))
  }
  return { values, endless }
}

function inMs({ estimate, low, high }: Interval): Interval {
  return { estimate: estimate / 1000, low: low / 1000, high: high / 1000 }
}

/** Sure only when it was seen twice: by chance one look in fifty near the limit seems to grow. */
function growth(looks: readonly LoadStep[]): Judgement | undefined {
  const grown = looks.flatMap(look => growthOf(look) ?? [])
  const worst = grown[0]
  if (worst === undefined || grown.length * 2 <= looks.length - 1) return undefined
  const reason = `answers took longer and longer, ${msText(worst.fromMs)} to ${msText(worst.toMs)}`
  return { held: false, sure: grown.length > 1, reason }
}
