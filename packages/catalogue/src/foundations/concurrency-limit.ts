/** How much the service sustains, and whether what it must sustain lies below that with room to spare. */
import { definePractice, type Fact, type Finding, findings, fingerprintOf, pass, unknown } from '@whetstone/model'
import { type MeasuredCapacity, measuredCapacities } from '../derive/capacity.ts'
import { countText, fact, percentText } from '../derive/figures.ts'

export const concurrencyLimit = definePractice({
  id: 'concurrency-limit',
  chapter: 'foundations',
  title: 'Know how many simultaneous requests it sustains',
  why: 'Above its limit a service does not answer more, only later: queues grow without end, and what was a busy hour becomes an outage.',
  unless: ['Its load is bounded by something else: a queue that it reads at its own pace, a handful of users.'],
  sources: [
    'http://www.perfdynamics.com/Manifesto/USLscalability.html',
    'https://doi.org/10.1287/opre.9.3.383',
    'https://sre.google/sre-book/addressing-cascading-failures/',
  ],
  needs: ['history'],
  thresholds: {
    targetPerSecond: {
      value: 0,
      unit: 'per-second',
      source: 'what the service must sustain is yours to say; 0 is not told, and then nothing is held against it',
    },
    targetFraction: {
      value: 0.7,
      unit: 'fraction',
      source:
        'M/M/1: at seven tenths the mean wait is more than twice the work, and a lost instance of three overloads the rest',
    },
  },
  remedy: {
    summary: 'Measure the limit, keep the load below seven tenths of it, and shed what comes on top.',
    library: 'whetstone capacity',
    example: {
      language: 'ts',
      before: `// "it should be able to take 500 a second"`,
      after: `// whetstone capacity -- node server.js: 340 a second, 24 under way; more processes, or a limit in front`,
    },
  },
  detect({ history }, { targetPerSecond, targetFraction }) {
    const last = measuredCapacities(history).at(-1)
    if (!last)
      return unknown(
        ['history'],
        'how much it sustains was not measured',
        "whetstone capacity --slo 'p95 < 200ms' -- <command>",
      )
    const facts = factsOf(last)
    const { estimate } = last.ratePerSecond
    const note = `sustained ${countText(Math.round(estimate))} requests/s with ${countText(Math.max(1, Math.round(last.concurrency)))} under way on ${last.load.startedAt.slice(0, 10)}`
    if (targetPerSecond <= 0) return pass(facts, note)
    if (targetPerSecond <= estimate * targetFraction)
      return pass(
        facts,
        `${note}: ${countText(targetPerSecond)} are ${percentText(targetPerSecond / estimate)} of that`,
      )
    return findings([describe(last, targetPerSecond, facts)])
  },
})

function factsOf({ ratePerSecond, concurrency, fit }: MeasuredCapacity): readonly Fact[] {
  const { estimate, low, high } = ratePerSecond
  return [
    {
      label: 'requests it sustains',
      quantity: { value: estimate, low, high, unit: 'per-second' },
      evidence: { kind: 'history' },
    },
    fact('under way at most', concurrency, 'count', 'history'),
    ...(fit
      ? [
          fact('waiting for its turn', fit.contention.estimate, 'fraction', 'history'),
          ...(fit.peak
            ? [fact('under way where it answers most', fit.peak.concurrency.estimate, 'count', 'history')]
            : []),
        ]
      : []),
  ]
}

function describe({ ratePerSecond, fit }: MeasuredCapacity, targetPerSecond: number, facts: readonly Fact[]): Finding {
  const where = { resource: 'capacity' }
  const used = targetPerSecond / ratePerSecond.estimate
  return {
    fingerprint: fingerprintOf('concurrency-limit', where),
    practice: 'concurrency-limit',
    title: `${countText(targetPerSecond)} requests/s are wanted of ${countText(Math.round(ratePerSecond.estimate))} it sustains: ${percentText(used)}`,
    where,
    facts,
    confidence: 'measured',
    ...(targetPerSecond > ratePerSecond.high ? { risk: 'outage' as const } : {}),
    remedy: {
      summary: used > 1 ? 'Make it sustain more, or let less in.' : 'Make room for a bad hour and a lost instance.',
      steps: [
        ...(fit && fit.contention.low > 0.05
          ? [
              `${percentText(fit.contention.estimate)} of the work waits for its turn at one thing (a core, a pool, a lock): more of that thing first.`,
            ]
          : []),
        ...(fit && fit.coherency.low > 0
          ? ['Beyond its peak it answers less, not more: bound what is under way at once and refuse the rest with 503.']
          : []),
        'Find out what more processes give: whetstone capacity with one and with two, and compare.',
        'Until then refuse early: an answer of 503 in a millisecond is better than one of 200 after the user left.',
      ],
      code: {
        language: 'ts',
        after: `let underWay = 0
app.addHook('onRequest', async (request, reply) => {
  if (++underWay > limit) return reply.code(503).header('retry-after', '1').send()
})
app.addHook('onResponse', async () => void underWay--)`,
      },
    },
  }
}
