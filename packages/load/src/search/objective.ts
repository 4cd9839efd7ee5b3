/** Whether an offered rate keeps the objective, judged over all looks at that rate together, or whether another look is needed. */
import { countText, msText } from '@whetstone/model'
import type { CapacityTrial, LoadInterval, LoadStep, LoadThreshold } from '@whetstone/model'
import { blockQuantile, clopperPearson, Histogram, type Block, type Interval } from '@whetstone/stats'
import { holds, samplesNeeded } from '../thresholds/figure.ts'
import { judgeThresholds, shareOfChecks } from '../thresholds/judge.ts'
import { metricName, metricValueText, resultText } from '../thresholds/text.ts'
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
  /** Of the further limits. */
  readonly furtherValues?: NonNullable<CapacityTrial['furtherValues']>
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
  const furtherValues = objective.flatMap(({ text: limit }, at) => {
    const further = at === 0 ? undefined : judged[at]!.value
    return further === undefined ? [] : [{ limit, value: further }]
  })
  return {
    held: broken.length === 0,
    sure: sureBreak !== undefined || all.every(({ sure }) => sure),
    ...(decisive?.reason !== undefined && { reason: decisive.reason }),
    ...(value !== undefined && { value }),
    ...(furtherValues.length > 0 && { furtherValues }),
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
  const share = shareOf(looks, threshold)
  const held = share === undefined ? broken.length * 2 < results.length : holds(threshold, share.estimate)
  const isUnanimous = broken.length === 0 || broken.length === results.length
  if (share !== undefined) {
    const name = metricName(threshold.metric)
    const reason = `${name} ${metricValueText(threshold.metric, share.estimate)}`
    return { held, sure: isUnanimous, value: share, ...(!held && { reason }) }
  }
  const values = results.flatMap(({ value }) => (value === undefined ? [] : [value])).toSorted((a, b) => a - b)
  const estimate = values[Math.floor(values.length / 2)]
  return {
    held,
    sure: isUnanimous,
    ...(!held && { reason: resultText(broken[0]!) }),
    ...(estimate !== undefined && { value: { estimate, low: values[0]!, high: values.at(-1)! } }),
  }
}

/** Of all looks together, with its exact interval: no error in a hundred requests still allows three; undefined for other metrics. */
function shareOf(looks: readonly LoadStep[], threshold: LoadThreshold): Interval | undefined {
  const { metric, windowMs, afterMs = 0, route } = threshold
  if (windowMs !== undefined || afterMs > 0) return undefined
  const shares = looks.flatMap(({ overall, routes, checks = [] }) => {
    if (metric.kind === 'checks') return [shareOfChecks(checks, threshold)]
    const asked = route === undefined ? overall : routes.find(load => load.route === route)
    return metric.kind === 'errors' && asked !== undefined ? [{ part: asked.errors, of: asked.requests }] : []
  })
  const part = shares.reduce((sum, share) => sum + share.part, 0)
  const of = shares.reduce((sum, share) => sum + share.of, 0)
  return of === 0 ? undefined : clopperPearson(part, of)
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
