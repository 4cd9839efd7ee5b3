/** What a request costs in CPU and memory, in money and energy where their price is told, and routes that cost far more than their like. */
import { definePractice, type Fact, type Finding, findings, fingerprintOf, notApplicable, pass } from '@whetstone/model'
import { countText, fact, msText, percentText } from '../derive/figures.ts'
import { measuredStep } from '../derive/load.ts'
import { type RouteCpu, routeCpu, serviceUse } from '../derive/route-cpu.ts'

export const resourceEfficiency = definePractice({
  id: 'resource-efficiency',
  chapter: 'foundations',
  title: 'Use resources efficiently (cost per request)',
  why: 'CPU and memory per request are what a service is billed for: they tell what a change saves when latency hardly moves.',
  unless: ['The route does what the others only ask for: a report, an export, an image.'],
  sources: [
    'https://sci.greensoftware.foundation/',
    'https://www.cloudcarbonfootprint.org/docs/methodology/',
    'https://www.brendangregg.com/usemethod.html',
  ],
  needs: ['runtime', 'load-curve'],
  optional: ['traces'],
  thresholds: {
    perCoreHour: { value: 0, unit: 'cost', source: '`costs` in whetstone.config.ts; 0 is not told' },
    perGigabyteHour: { value: 0, unit: 'cost', source: '`costs` in whetstone.config.ts; 0 is not told' },
    wattsPerCore: { value: 0, unit: 'count', source: '`costs` in whetstone.config.ts; 0 is not told' },
    cpuTimes: { value: 3, unit: 'ratio', source: 'three times what routes with as many queries cost is no chance' },
    msPerRequest: { value: 5, unit: 'ms', source: 'a core then serves at most 200 such requests a second' },
    cpuFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'of all CPU: below a fifth, halving it saves less than a tenth',
    },
    likeRoutes: { value: 3, unit: 'count', source: 'the median of fewer is one of them' },
  },
  remedy: {
    summary: 'See what the route computes that others do not, and do it once, less often, or not at all.',
    example: {
      language: 'ts',
      before: `return JSON.stringify(rows.map(row => ({ ...row, html: render(row) }))) // for everybody, every time`,
      after: `return serialise(rows) // a schema, and only the fields the list shows`,
    },
  },
  detect({ runtime, traces, 'load-curve': load }, limits) {
    const step = measuredStep(load)
    const use = serviceUse(runtime)
    if (!use) return notApplicable('no process answered a request')
    if (!step) return notApplicable('the load generator could not keep up: what was sent is not what a request costs')
    const ratePerSecond = step.achievedRatePerSecond
    const facts = factsOf(use, ratePerSecond, limits)
    const routes = traces ? routeCpu(traces, use.cpuMs) : []
    const heavy = routes.filter(
      one =>
        one.like.length + 1 >= limits.likeRoutes &&
        one.cpuMs >= limits.msPerRequest &&
        one.cpuMs > one.likeMedianMs * limits.cpuTimes &&
        one.cpuFraction >= limits.cpuFraction,
    )
    if (heavy.length > 0) return findings(heavy.map(one => describe(one, facts)))
    return pass(facts, noteOf(use.cpuMs / use.requests, facts))
  },
})

const million = 1_000_000
const hourMs = 3_600_000

interface Prices {
  readonly perCoreHour: number
  readonly perGigabyteHour: number
  readonly wattsPerCore: number
}

function factsOf(
  {
    cpuMs,
    requests,
    residentBytes,
  }: { readonly cpuMs: number; readonly requests: number; readonly residentBytes: number },
  ratePerSecond: number,
  { perCoreHour, perGigabyteHour, wattsPerCore }: Prices,
): readonly Fact[] {
  const coreHours = ((cpuMs / requests) * million) / hourMs
  // Memory is held for as long as a million requests take at this rate.
  const gigabyteHours = ratePerSecond > 0 ? ((residentBytes / 1e9) * (million / ratePerSecond)) / 3_600 : 0
  const cost = coreHours * perCoreHour + gigabyteHours * perGigabyteHour
  return [
    fact('CPU per request', cpuMs / requests, 'ms', 'runtime'),
    fact('resident memory', residentBytes, 'bytes', 'runtime'),
    fact('core hours per million requests', coreHours, 'count', 'runtime'),
    ...(perCoreHour > 0 || perGigabyteHour > 0 ? [fact('cost per million requests', cost, 'cost', 'runtime')] : []),
    ...(wattsPerCore > 0
      ? [fact('energy per million requests', coreHours * wattsPerCore, 'watt-hours', 'runtime')]
      : []),
  ]
}

function noteOf(cpuPerRequestMs: number, facts: readonly Fact[]): string {
  const value = (label: string) => facts.find(one => one.label === label)?.quantity.value
  const [cost, energy] = [value('cost per million requests'), value('energy per million requests')]
  return [
    `${msText(cpuPerRequestMs)} of CPU per request, ${countText(value('core hours per million requests') ?? 0)} core hours per million`,
    ...(cost === undefined ? [] : [`cost ${countText(cost)}`]),
    ...(energy === undefined ? [] : [`${countText(energy)} Wh`]),
  ].join(', ')
}

function describe(
  { route, cpuMs, likeMedianMs, like, queries, cpuFraction, site }: RouteCpu,
  facts: readonly Fact[],
): Finding {
  const where = { route, ...(site ? { site } : {}) }
  return {
    fingerprint: fingerprintOf('resource-efficiency', { route }),
    practice: 'resource-efficiency',
    title: `${msText(cpuMs)} of CPU per request, where routes with as many queries take ${msText(likeMedianMs)}`,
    where,
    facts: [
      fact('CPU per request of the route', cpuMs, 'ms', 'traces'),
      fact('median of its like', likeMedianMs, 'ms', 'traces'),
      fact('share of all CPU', cpuFraction, 'fraction', 'traces'),
      ...facts,
    ],
    confidence: 'suspected',
    remedy: {
      summary: 'See what this route computes that its like do not.',
      steps: [
        `Held against ${like.slice(0, 4).join(', ')}, with ${countText(queries)} ${queries === 1 ? 'query' : 'queries'} each.`,
        `It takes ${percentText(cpuFraction)} of the CPU of the service: its flame graph is in the report.`,
        'Usual are a large answer that is made anew for everybody, a template, sorting or hashing in a loop.',
      ],
    },
  }
}
