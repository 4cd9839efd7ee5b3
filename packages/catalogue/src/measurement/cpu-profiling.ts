/** A function of the service that takes a good part of the CPU, named by file and line. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Where,
} from '@whetstone/model'
import { fact, msText, percentText } from '../derive/figures.ts'
import { type Charge, msPerRequest, readMainThread } from '../derive/main-thread.ts'
import { readStalls } from '../derive/stalls.ts'

export const cpuProfiling = definePractice({
  id: 'cpu-profiling',
  chapter: 'measurement',
  title: 'CPU profiling',
  why: 'A profile shows which lines the CPU is spent on; without it people optimise what they remember, not what is hot.',
  unless: [
    'The time is spent waiting: a profile of an idle process shows only its overhead.',
    'The function is the work that the service exists for, and it is already as good as it gets.',
  ],
  sources: ['https://nodejs.org/en/learn/getting-started/profiling', 'https://www.brendangregg.com/flamegraphs.html'],
  needs: ['cpu-profile'],
  optional: ['traces', 'runtime'],
  thresholds: {
    busyFraction: { value: 0.1, unit: 'fraction', source: 'a tenth of the CPU: below, removing it changes nothing' },
    msPerRequest: { value: 5, unit: 'ms', source: 'a core then serves at most 200 such requests a second' },
    busySamples: { value: 50, unit: 'count', source: 'with fewer samples a tenth is five, and chance' },
    delayP99Ms: { value: 50, unit: 'ms', source: 'as in event-loop-blocking, which speaks when the loop is held up' },
    delayMaxMs: { value: 100, unit: 'ms', source: 'as in event-loop-blocking, which speaks when the loop is held up' },
    blockedFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'as in event-loop-blocking, which speaks when the loop is held up',
    },
    blockedWindows: {
      value: 3,
      unit: 'count',
      source: 'as in event-loop-blocking, which speaks when the loop is held up',
    },
  },
  remedy: {
    summary: 'Look at the hottest function first: do the work once, do less of it, or use a better algorithm.',
    example: {
      language: 'ts',
      before: `const missing = wanted.filter(id => !known.includes(id)) // n × m`,
      after: `const knownIds = new Set(known)
const missing = wanted.filter(id => !knownIds.has(id)) // n + m`,
    },
  },
  detect({ 'cpu-profile': profile, traces, runtime }, thresholds) {
    const thread = readMainThread(profile, traces)
    if (!thread || thread.busySamples < thresholds.busySamples)
      return notApplicable('the profile has too few samples of work')
    const stalls = runtime && readStalls(runtime, thresholds)
    const own = thread.charges.filter(charge => charge.work === 'own')
    const hot = own.filter(
      charge =>
        charge.frame &&
        charge.busyFraction >= thresholds.busyFraction &&
        msPerRequest(charge, thread, traces) >= thresholds.msPerRequest,
    )
    const isBlocked =
      stalls !== undefined &&
      stalls.blocked >= thresholds.blockedWindows &&
      stalls.blockedFraction >= thresholds.blockedFraction
    // The same functions are then named by event-loop-blocking, which says what they do to everybody else.
    if (hot.length > 0 && !isBlocked)
      return findings(hot.slice(0, 3).map(charge => describe(charge, msPerRequest(charge, thread, traces))))
    const perRequestMs = thread.requests > 0 ? thread.busyMs / thread.requests : 0
    const [top] = own
    return pass(
      [
        fact('CPU per request', perRequestMs, 'ms', 'cpu-profile'),
        ...(top ? [fact('share of the hottest own function', top.busyFraction, 'fraction', 'cpu-profile')] : []),
      ],
      `${msText(perRequestMs)} of CPU per request${top ? `; hottest own function ${top.frame?.function ?? 'anonymous'}, ${percentText(top.busyFraction)}` : ''}`,
    )
  },
})

function describe(charge: Charge, perRequestMs: number): Finding {
  const where: Where = {
    ...(charge.route === undefined ? {} : { route: charge.route }),
    ...(charge.frame ? { site: [charge.frame] } : {}),
  }
  const name = charge.frame?.function ?? 'an anonymous function'
  return {
    fingerprint: fingerprintOf('cpu-profiling', where),
    practice: 'cpu-profiling',
    title: `${name} takes ${percentText(charge.busyFraction)} of the CPU, ${msText(perRequestMs)} per request`,
    where,
    facts: [
      fact('share of the CPU', charge.busyFraction, 'fraction', 'cpu-profile'),
      fact('CPU per request', perRequestMs, 'ms', 'cpu-profile'),
      fact('samples', charge.samples, 'count', 'cpu-profile'),
    ],
    confidence: 'strong',
    edit: {
      kind: 'demand',
      resource: 'app-cpu',
      ...(charge.route === undefined ? {} : { route: charge.route }),
      removeMsPerRequest: perRequestMs,
      blocking: true,
    },
    remedy: {
      summary: `Make ${name} do less.`,
      steps: [
        ...(charge.frame ? [`Its hottest line is ${charge.frame.file}:${charge.frame.line}.`] : []),
        'Look for a loop inside a loop, a regular expression that backtracks, and work repeated for every request whose result could be kept.',
        'What cannot be less goes to a worker thread, so that other requests are served meanwhile.',
      ],
      code: {
        language: 'ts',
        before: `wanted.filter(id => !known.includes(id))`,
        after: `const knownIds = new Set(known)
wanted.filter(id => !knownIds.has(id))`,
      },
    },
  }
}
