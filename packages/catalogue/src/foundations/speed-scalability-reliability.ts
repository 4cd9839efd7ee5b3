/** Three judgements of their own: how fast at this rate, how much more it sustains, and what it does when something breaks. */
import { type DrillsEvidence, definePractice, type Fact, type LoadStep, pass, unknown } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { type MeasuredCapacity, measuredCapacities } from '../derive/capacity.ts'
import { countText, fact, msText, percentText, rounded } from '../derive/figures.ts'
import { measuredStep } from '../derive/load.ts'

export const speedScalabilityReliability = definePractice({
  id: 'speed-scalability-reliability',
  chapter: 'foundations',
  title: 'Judge speed, scalability and reliability separately',
  why: 'A fast service may fall over at twice its load, and one that scales may lose requests at every rollout: one figure for all three hides two of them.',
  unless: ['It has one user, or may be down.'],
  sources: [
    'https://sre.google/sre-book/service-level-objectives/',
    'https://www.brendangregg.com/systems-performance-2nd-edition-book.html',
  ],
  needs: ['load-curve'],
  optional: ['history', 'drills'],
  thresholds: {},
  remedy: {
    summary:
      'Keep a figure for each: p95 at the rate of today, capacity over that rate, errors under load and at a stop.',
    library: 'whetstone diagnose, whetstone capacity',
    example: {
      language: 'ts',
      before: `// "it is fast enough"`,
      after: `// p95 41 ms at 100/s; sustains 3.4 times that; no errors, none lost when it is stopped`,
    },
  },
  detect({ 'load-curve': curve, history, drills }) {
    const speed = speedOf(measuredStep(curve))
    const scalability = speed && history && scalabilityOf(measuredCapacities(history).at(-1), speed.ratePerSecond)
    const reliability = speed && reliabilityOf(speed, drills)
    if (!speed)
      return unknown(
        ['load-curve'],
        'nothing was answered under a load that can be trusted',
        'whetstone diagnose -- <command>',
      )
    const known = [speed, scalability, reliability].flatMap(part => part ?? [])
    const note = known.map(part => part.note).join('; ')
    if (!scalability)
      return unknown(
        ['history'],
        `${note}; what it sustains is not known`,
        "whetstone capacity --slo 'p95 < 200ms' -- <command>",
      )
    if (!reliability)
      return unknown(['drills'], `${note}; what a stop costs is not known`, 'whetstone diagnose -- <command>')
    return pass(
      known.flatMap(part => part.facts),
      note,
    )
  },
})

interface Part {
  readonly facts: readonly Fact[]
  readonly note: string
}
interface Speed extends Part {
  readonly ratePerSecond: number
  readonly errorFraction: number
}

function speedOf(step: LoadStep | undefined): Speed | undefined {
  if (!step || step.overall.response.count === 0) return undefined
  const { offeredRatePerSecond: ratePerSecond, overall } = step
  const p95Ms = Histogram.fromJSON(overall.response).quantile(0.95) / 1_000
  return {
    ratePerSecond,
    errorFraction: overall.requests > 0 ? overall.errors / overall.requests : 0,
    facts: [fact('p95', p95Ms, 'ms', 'load-curve'), fact('at a rate of', ratePerSecond, 'per-second', 'load-curve')],
    note: `p95 ${msText(p95Ms)} at ${countText(Math.round(ratePerSecond))} requests/s`,
  }
}

function scalabilityOf(capacity: MeasuredCapacity | undefined, ratePerSecond: number): Part | undefined {
  if (!capacity) return undefined
  const ratio = capacity.ratePerSecond.estimate / ratePerSecond
  return {
    facts: [fact('capacity ÷ this rate', ratio, 'ratio', 'history')],
    note: `sustains ${rounded(ratio, 2)} times that`,
  }
}

function reliabilityOf({ errorFraction }: Speed, drills: DrillsEvidence | undefined): Part | undefined {
  const stop = drills?.drills.findLast(drill => drill.kind === 'stop')
  if (!stop) return undefined
  const lost = stop.underWay > 0 ? stop.lost / stop.underWay : 0
  return {
    facts: [
      fact('errors under load', errorFraction, 'fraction', 'load-curve'),
      fact('cut off by a stop', lost, 'fraction', 'drills'),
    ],
    note: `${errorFraction === 0 ? 'no' : percentText(errorFraction)} errors, ${lost === 0 ? 'none' : percentText(lost)} cut off by a stop`,
  }
}
