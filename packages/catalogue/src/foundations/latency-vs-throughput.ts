/** Latency and rate belong together: what the service answers as more is asked of it, and whether this run already lies beyond its knee. */
import {
  type CurvePoint,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  unknown,
} from '@whetstone/model'
import { dayOf, trustedLoads } from '../derive/earlier-tests.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'
import { measuredStep } from '../derive/load.ts'
import { type Overload, overloadOf } from '../derive/overload.ts'

export const latencyVsThroughput = definePractice({
  id: 'latency-vs-throughput',
  chapter: 'foundations',
  title: 'Report latency and throughput together, as a curve',
  why: 'A response time holds for one rate only: at seven tenths of the capacity waiting equals work, beyond it the queue grows for as long as the load lasts.',
  unless: ['Requests come one after another, each after the answer to the last.'],
  sources: [
    'https://www.usenix.org/conference/nsdi-06/open-versus-closed-cautionary-tale',
    'http://www.perfdynamics.com/Manifesto/USLscalability.html',
    'https://github.com/giltene/wrk2',
  ],
  needs: ['history'],
  optional: ['load-curve'],
  thresholds: {
    points: { value: 5, unit: 'count', source: 'with fewer rates a knee lies anywhere between two of them' },
    answeredFraction: {
      value: 0.95,
      unit: 'fraction',
      source: 'of what was offered; the stress test calls a rate followed by the same share',
    },
    growthRatio: {
      value: 3,
      unit: 'ratio',
      source: 'last third of the run over its first: a queue that grows evenly is five times as long there',
    },
    growthMs: {
      value: 100,
      unit: 'ms',
      source: 'what people notice; below it three times as long is a cache that cooled',
    },
    kneeRatio: {
      value: 3,
      unit: 'ratio',
      source: 'p99 of three times that of the lowest rate: waiting is twice the work',
    },
  },
  remedy: {
    summary: 'Measure at several rates on schedule, and state each response time with its rate.',
    library: 'whetstone capacity',
    example: {
      language: 'ts',
      before: `// "p99 is 40 ms": at which rate, and what at twice that?`,
      after: `// whetstone capacity --slo 'p99 < 200ms' -- node server.js: 40 ms at 50/s, 170 ms at 320/s, knee at 340/s`,
    },
  },
  detect({ history, 'load-curve': thisRun }, thresholds) {
    const step = thisRun && measuredStep(thisRun)
    const overload = step && overloadOf(step, thresholds)
    if (overload) return findings([describe(overload)])
    const curves = trustedLoads(history).flatMap(load => {
      const points = pointsOf(load.curve)
      return points.length >= thresholds.points ? [{ load, points }] : []
    })
    const last = curves.at(-1)
    if (!last)
      return unknown(
        ['history'],
        'its response times are known at one rate only',
        "whetstone capacity --slo 'p95 < 200ms' -- <command>",
      )
    const [first, top] = [last.points[0]!, last.points.at(-1)!]
    const knee = last.points.find(point => point.p99Ms >= first.p99Ms * thresholds.kneeRatio)
    return pass(
      factsOf(last.points.length, knee),
      `p99 ${msText(first.p99Ms)} at ${rateText(first)} requests/s to ${msText(top.p99Ms)} at ${rateText(top)} on ${dayOf(last.load.startedAt)}${knee ? `; it bends at ${rateText(knee)}` : ''}`,
    )
  },
})

type Known = Required<Pick<CurvePoint, 'offeredPerSecond' | 'p99Ms'>>

/** By rate; of several looks at one rate the middle one. */
function pointsOf(curve: readonly CurvePoint[] = []): readonly Known[] {
  const byRate = new Map<number, number[]>()
  for (const { offeredPerSecond, p99Ms } of curve)
    if (offeredPerSecond !== undefined && p99Ms !== undefined)
      byRate.set(offeredPerSecond, [...(byRate.get(offeredPerSecond) ?? []), p99Ms])
  return [...byRate]
    .map(([offeredPerSecond, looks]) => {
      const sorted = looks.toSorted((a, b) => a - b)
      return { offeredPerSecond, p99Ms: sorted[Math.floor(sorted.length / 2)]! }
    })
    .toSorted((a, b) => a.offeredPerSecond - b.offeredPerSecond)
}

function factsOf(points: number, knee: Known | undefined): readonly Fact[] {
  return [
    fact('rates it was measured at', points, 'count', 'history'),
    ...(knee ? [fact('rate at which it bends', knee.offeredPerSecond, 'per-second', 'history')] : []),
  ]
}

function describe({ offeredPerSecond, answeredPerSecond, firstMs, lastMs }: Overload): Finding {
  const where = { resource: 'offered load' }
  return {
    fingerprint: fingerprintOf('latency-vs-throughput', where),
    practice: 'latency-vs-throughput',
    title: `${countText(Math.round(answeredPerSecond))} of ${countText(Math.round(offeredPerSecond))} requests/s are answered, and the queue grows: ${msText(firstMs)} at first, ${msText(lastMs)} at the end`,
    where,
    facts: [
      fact('offered', offeredPerSecond, 'per-second', 'load-curve'),
      fact('answered while it lasted', answeredPerSecond, 'per-second', 'load-curve'),
      fact('p50 in the first third', firstMs, 'ms', 'load-curve'),
      fact('p50 in the last third', lastMs, 'ms', 'load-curve'),
    ],
    confidence: 'measured',
    risk: 'outage',
    remedy: {
      summary:
        'Offer less than it can answer, or make it answer more: at this rate every figure only says how long the run was.',
      steps: [
        `It answers ${percentText(answeredPerSecond / offeredPerSecond)} of what comes, so the wait grows by ${msText(1_000 * (1 - answeredPerSecond / offeredPerSecond))} every second.`,
        'Look for what is full in the other findings of this run: a pool, a core, a lock.',
        "Find the rate that it sustains: whetstone capacity --slo 'p95 < 200ms' -- <command>",
        'Until it is mended, refuse what is on top of that at once with 503.',
      ],
    },
  }
}

const rateText = ({ offeredPerSecond }: Known): string => countText(Math.round(offeredPerSecond))
