/** What becomes of the service past its knee: whether it keeps answering, and whether it comes back. */
import {
  ask,
  definePractice,
  type EarlierLoad,
  type EarlierStress,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  unknown,
} from '@whetstone/model'
import { ageMs, dayOf, trustedLoads } from '../derive/earlier-tests.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'

export const stressTesting = definePractice({
  id: 'stress-testing',
  chapter: 'measurement',
  title: 'Stress test past the knee',
  why: 'Every service meets more than it can bear one day; one that then answers nobody, or does not come back when the crowd is gone, makes an outage of a busy minute.',
  unless: ['What stands in front lets no more through than it bears.'],
  sources: [
    'https://sre.google/sre-book/addressing-cascading-failures/',
    'https://www.usenix.org/conference/osdi22/presentation/huang-lexiang',
    'https://aws.amazon.com/builders-library/using-load-shedding-to-avoid-overload/',
  ],
  needs: ['history'],
  optional: ['load-curve'],
  thresholds: {
    keptFraction: {
      value: 0.5,
      unit: 'fraction',
      source:
        'of its best goodput: a generator on the same machine takes a fifth and more away, half is lost by the service',
    },
    collapseFraction: { value: 0.8, unit: 'fraction', source: 'a fifth below its best is worth a question' },
    oldestMs: {
      value: 604_800_000,
      unit: 'ms',
      source: 'seven days: what an older test showed may have been mended since, so it is only asked about',
    },
  },
  remedy: {
    summary: 'Bound what is under way and refuse the rest at once, so that what is let in is answered.',
    example: {
      language: 'ts',
      before: `// every request is let in; past 340 a second none is answered in time`,
      after: `if (underWay >= limit) return reply.code(503).header('retry-after', '1').send()`,
    },
  },
  detect({ history, 'load-curve': thisRun }, { keptFraction, collapseFraction, oldestMs }) {
    const last = trustedLoads(history).findLast(({ stress }) => stress !== undefined)
    const give = 'whetstone load stress -- <command>'
    if (!last?.stress) return unknown(['history'], 'it was never driven past its knee', give)
    const { stress } = last
    const facts = factsOf(stress)
    if (stress.kneePerSecond === undefined && stress.endedBy === 'first-rate')
      return unknown(
        ['history'],
        'the last stress test began past the knee: not even its first rate was followed',
        `${give}, with a smaller --rate`,
      )
    if (stress.kneePerSecond === undefined && stress.endedBy === 'generator')
      return unknown(['history'], 'in the last stress test the generator fell behind before a knee was reached', give)
    if (stress.kneePerSecond === undefined)
      return unknown(
        ['history'],
        'the last stress test ended before a knee was reached',
        `${give}, with a higher --max-rate`,
      )
    if (stress.generator === 'invalid')
      return unknown(['history'], 'past the knee the generator itself fell behind, so nothing was shown', give)
    const kept = keptOf(stress)
    const isBroken = kept < keptFraction || (stress.recoveryMs === undefined && stress.watchedMs !== undefined)
    if (stress.recoveryMs !== undefined && kept >= collapseFraction) return pass(facts, noteOf(last, stress, kept))
    if (!isBroken || ageMs(last.startedAt, thisRun) > oldestMs)
      return ask(`In the stress test of ${dayOf(last.startedAt)} ${shownBy(stress, kept)}. Is that still so?`, facts)
    return findings([describe(last, stress, kept, facts)])
  },
})

const keptOf = ({ goodputPastKneePerSecond, peakGoodputPerSecond }: EarlierStress): number =>
  goodputPastKneePerSecond === undefined || peakGoodputPerSecond <= 0
    ? 1
    : goodputPastKneePerSecond / peakGoodputPerSecond

function factsOf({
  kneePerSecond,
  peakGoodputPerSecond,
  goodputPastKneePerSecond,
  recoveryMs,
  watchedMs,
}: EarlierStress) {
  return [
    ...(kneePerSecond === undefined ? [] : [fact('rate at its knee', kneePerSecond, 'per-second', 'history')]),
    fact('answered at most', peakGoodputPerSecond, 'per-second', 'history'),
    ...(goodputPastKneePerSecond === undefined
      ? []
      : [fact('answered past the knee', goodputPastKneePerSecond, 'per-second', 'history')]),
    ...(recoveryMs === undefined
      ? watchedMs === undefined
        ? []
        : [fact('watched after the overload', watchedMs, 'ms', 'history')]
      : [fact('recovered after', recoveryMs, 'ms', 'history')]),
  ]
}

function noteOf(
  { startedAt }: EarlierLoad,
  { kneePerSecond = 0, recoveryMs = 0 }: EarlierStress,
  kept: number,
): string {
  return `knee at ${rateText(kneePerSecond)} requests/s on ${dayOf(startedAt)}; past it ${percentText(Math.min(1, kept))} of its best, recovered after ${msText(recoveryMs)}`
}

function shownBy({ recoveryMs, watchedMs }: EarlierStress, kept: number): string {
  const lost = `it answered ${percentText(kept)} of its best past the knee`
  if (recoveryMs !== undefined) return lost
  const stayed = watchedMs === undefined ? 'while it was watched' : `in the ${msText(watchedMs)} it was watched`
  return `${kept < 1 ? `${lost} and ` : 'it '}did not recover ${stayed} after the load was gone`
}

function describe({ startedAt }: EarlierLoad, stress: EarlierStress, kept: number, facts: readonly Fact[]): Finding {
  const { kneePerSecond = 0, recoveryMs, watchedMs } = stress
  const where = { resource: 'overload' }
  return {
    fingerprint: fingerprintOf('stress-testing', where),
    practice: 'stress-testing',
    title:
      recoveryMs === undefined && watchedMs !== undefined
        ? `past ${rateText(kneePerSecond)} requests/s it does not recover in the ${msText(watchedMs)} after the load is gone`
        : `past ${rateText(kneePerSecond)} requests/s it answers ${percentText(kept)} of its best`,
    where,
    facts,
    confidence: 'measured',
    risk: 'outage',
    remedy: {
      summary: 'Bound what is under way and refuse the rest at once, so that what is let in is answered.',
      steps: [
        `Seen in the stress test of ${dayOf(startedAt)}; the same again: whetstone load stress -- <command>`,
        'Requests wait in a queue until their user has left, and the work is done for nobody: bound the queue, and give every wait a limit.',
        ...(recoveryMs === undefined
          ? ['What is left after the crowd is work for those who are gone: stop it when the connection closes.']
          : []),
        'Clients that repeat what failed keep the overload going: limit the repeats to a share of the requests.',
      ],
      code: {
        language: 'ts',
        after: `let underWay = 0
app.addHook('onRequest', async (request, reply) => {
  if (underWay >= limit) return reply.code(503).header('retry-after', '1').send()
  underWay++
})
app.addHook('onResponse', async () => void underWay--)`,
      },
    },
  }
}

const rateText = (perSecond: number): string => countText(Math.round(perSecond))
