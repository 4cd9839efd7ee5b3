/** Whether the service was put under as much load as it must bear, lately and in an open model. */
import { ask, definePractice, type EarlierLoad, type Fact, pass, unknown } from '@whetstone/model'
import { ageMs, dayOf, daysText, offeredPerSecond, trustedLoads } from '../derive/earlier-tests.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'

export const loadTesting = definePractice({
  id: 'load-testing',
  chapter: 'measurement',
  title: 'Load test',
  why: 'A service that answers one user fast may answer a hundred late: queues, pools and locks show themselves only under the rate of a busy hour.',
  unless: ['Its load is bounded and known: a handful of users, or a queue that it reads at its own pace.'],
  sources: [
    'https://grafana.com/docs/k6/latest/using-k6/scenarios/concepts/open-vs-closed/',
    'https://www.usenix.org/conference/nsdi-06/open-versus-closed-cautionary-tale',
    'https://sre.google/sre-book/testing-reliability/',
  ],
  needs: ['history'],
  optional: ['load-curve'],
  thresholds: {
    peakPerSecond: {
      value: 0,
      unit: 'per-second',
      source: 'requests in the busiest second in production are yours to say; 0 is not told, and then any rate counts',
    },
    oldestMs: {
      value: 2_592_000_000,
      unit: 'ms',
      source: 'thirty days: what was tested before has been changed since in most teams',
    },
  },
  remedy: {
    summary: 'Send the rate of the busiest hour, on schedule, before each release.',
    library: 'whetstone load',
    example: {
      language: 'ts',
      before: `// autocannon -c 100: as fast as the answers come, and the queue is not seen`,
      after: `// whetstone load --rate 400 --duration 60s --threshold 'p95 < 200ms' -- node server.js`,
    },
  },
  detect({ history, 'load-curve': thisRun }, { peakPerSecond, oldestMs }) {
    const rate = peakPerSecond > 0 ? countText(peakPerSecond) : '<requests a second>'
    const give = `whetstone load --rate ${rate} --duration 60s -- <command>`
    const all = trustedLoads(history).filter(load => offeredPerSecond(load) !== undefined)
    if (all.length === 0) return unknown(['history'], 'no load test of it is kept here', give)
    const open = all.filter(({ measured }) => measured?.arrivals !== 'closed')
    const last = open.at(-1)
    if (!last)
      return unknown(
        ['history'],
        'only closed-model loads so far: slow answers lower the load, and their queue is hidden',
        give,
      )
    const age = ageMs(last.startedAt, thisRun)
    if (age > oldestMs) return unknown(['history'], `its last load test is ${daysText(age)} old`, give)
    const recent = open.filter(({ startedAt }) => ageMs(startedAt, thisRun) <= oldestMs)
    const largest = Math.max(...recent.map(load => offeredPerSecond(load) ?? 0))
    if (largest < peakPerSecond)
      return unknown(
        ['history'],
        `tested with up to ${rateText(largest)} requests/s, and ${rateText(peakPerSecond)} are to be expected`,
        give,
      )
    const facts = factsOf(last, largest)
    if (last.verdict === 'fail')
      return ask(
        `The ${last.kind} test of ${dayOf(last.startedAt)} broke its limits. Has that been mended since?`,
        facts,
      )
    return pass(facts, noteOf(last, largest))
  },
})

function factsOf({ durationMs, measured }: EarlierLoad, largest: number): readonly Fact[] {
  return [
    fact('highest rate offered', largest, 'per-second', 'history'),
    fact('length of the last test', durationMs, 'ms', 'history'),
    ...(measured?.p95Ms === undefined ? [] : [fact('its p95', measured.p95Ms, 'ms', 'history')]),
  ]
}

function noteOf({ startedAt, kind, measured }: EarlierLoad, largest: number): string {
  if (!measured) return `up to ${rateText(largest)} requests/s on ${dayOf(startedAt)} (${kind})`
  const { requests, errors, p95Ms } = measured
  return [
    `${rateText(measured.offeredPerSecond)} requests/s on ${dayOf(startedAt)}`,
    ...(p95Ms === undefined ? [] : [`p95 ${msText(p95Ms)}`]),
    `${errors === 0 || requests === 0 ? 'no' : percentText(errors / requests)} errors`,
  ].join(', ')
}

const rateText = (perSecond: number): string => countText(Math.round(perSecond))
