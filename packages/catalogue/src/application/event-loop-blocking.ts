/** Long runs of JavaScript during which the whole service stands still. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Where,
} from '@whetstone/model'
import { readBlockingCalls } from '../derive/blocking-calls.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'
import { type Charge, msPerRequest, readMainThread } from '../derive/main-thread.ts'
import { readStalls, type Stalls } from '../derive/stalls.ts'

export const eventLoopBlocking = definePractice({
  id: 'event-loop-blocking',
  chapter: 'application',
  title: 'Do not block the event loop',
  why: 'One thread serves everybody: a loop of 200 ms in one request adds up to 200 ms to all the others that arrive meanwhile.',
  unless: [
    'The process has a single user, or the work runs at start-up.',
    'The machine itself was overloaded: then every process on it is late.',
    'The pause is garbage collection, which is about memory.',
  ],
  sources: [
    'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop',
    'https://github.com/clinicjs/node-clinic-doctor',
    'https://nodejs.org/api/perf_hooks.html#perf_hooksmonitoreventloopdelayoptions',
  ],
  needs: ['runtime'],
  optional: ['cpu-profile', 'traces'],
  thresholds: {
    delayP99Ms: { value: 50, unit: 'ms', source: 'ten times the timer resolution of 5 ms that a healthy loop keeps' },
    delayMaxMs: { value: 100, unit: 'ms', source: 'Clinic Doctor, longest event-loop delay' },
    blockedFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'one second in five: rarer hold-ups are left to the tail',
    },
    blockedWindows: { value: 3, unit: 'count', source: 'one hold-up may be the machine, three are a habit' },
    busyFraction: { value: 0.1, unit: 'fraction', source: 'a tenth of the CPU: below, removing it changes nothing' },
  },
  remedy: {
    summary: 'Move the work to a worker thread, cut it into pieces, or do less of it.',
    library: 'node:worker_threads, or piscina',
    example: {
      language: 'ts',
      before: `app.get('/report', () => summarise(rows)) // 200 ms in one piece`,
      after: `const pool = new Piscina({ filename: new URL('summarise.js', import.meta.url).href })
app.get('/report', () => pool.run(rows))`,
    },
  },
  detect({ runtime, 'cpu-profile': profile, traces }, thresholds) {
    const stalls = readStalls(runtime, thresholds)
    if (stalls.windows === 0) return notApplicable('no second of the measurement finished a request')
    const blocks = stalls.blocked >= thresholds.blockedWindows && stalls.blockedFraction >= thresholds.blockedFraction
    if (!blocks) return pass(factsOf(stalls), note(stalls, thresholds.delayP99Ms))
    const thread = readMainThread(profile, traces)
    const culprits = (thread?.charges ?? []).filter(
      charge => charge.work === 'own' && charge.frame && charge.busyFraction >= thresholds.busyFraction,
    )
    // Hold-ups of its own are made of its own CPU: functions that took far less of it were only running when the machine was late.
    const culpritMs = culprits.reduce((sum, charge) => sum + charge.totalMs, 0)
    if (thread && culprits.length > 0 && culpritMs >= stalls.heldUpMs / 2)
      return findings(
        byRoute(culprits)
          .slice(0, 3)
          .map(([head, ...others]) => named(head, msPerRequest(head, thread, traces), stalls, others)),
      )
    // Blocking calls and serialisation have practices of their own; nothing is left to say here when they explain it.
    const isExplained =
      readBlockingCalls(runtime, profile, traces).some(
        call => (call.timed?.maxMs ?? 0) >= stalls.worstDelayMs / 3 || !call.timed,
      ) ||
      (thread?.charges ?? []).some(charge => charge.work === 'json' && charge.busyFraction >= thresholds.busyFraction)
    if (isExplained) return pass(factsOf(stalls), 'explained by a more specific practice')
    return thread ? pass(factsOf(stalls), 'no function took as much of the CPU as that') : findings([unnamed(stalls)])
  },
})

/** The hold-ups of one route are one finding, headed by the function that takes most; so are those whose route is not known. */
function byRoute(culprits: readonly Charge[]): readonly (readonly [Charge, ...Charge[]])[] {
  const groups = new Map<string | undefined, [Charge, ...Charge[]]>()
  for (const culprit of culprits) {
    const group = groups.get(culprit.route)
    if (group) group.push(culprit)
    else groups.set(culprit.route, [culprit])
  }
  return [...groups.values()]
}

function note({ blocked, starved, windows }: Stalls, leastMs: number): string {
  const own =
    blocked === 0
      ? `held up in none of ${countText(windows)} s by its own work for ${msText(leastMs)} or more`
      : `held up in ${countText(blocked)} of ${countText(windows)} s`
  return starved > 0 ? `${own}; late in ${countText(starved)} s because others had the CPU` : own
}

function factsOf(stalls: Stalls): Finding['facts'] {
  return [
    fact('seconds held up by its own work', stalls.blockedFraction, 'fraction', 'runtime'),
    fact('longest hold-up', stalls.worstDelayMs, 'ms', 'runtime'),
    fact('event-loop utilisation, median', stalls.medianUtilisationFraction, 'fraction', 'runtime'),
  ]
}

function named(charge: Charge, perRequestMs: number, stalls: Stalls, others: readonly Charge[]): Finding {
  const where: Where = {
    ...(charge.route === undefined ? {} : { route: charge.route }),
    ...(charge.frame ? { site: [charge.frame] } : {}),
  }
  const name = charge.frame?.function ?? 'an anonymous function'
  return {
    fingerprint: fingerprintOf('event-loop-blocking', where),
    practice: 'event-loop-blocking',
    title: `${name} holds the event loop up for as long as ${msText(stalls.worstDelayMs)}`,
    where,
    facts: [
      ...factsOf(stalls),
      fact('share of the CPU', charge.busyFraction, 'fraction', 'cpu-profile'),
      fact('CPU per request', perRequestMs, 'ms', 'cpu-profile'),
    ],
    confidence: 'strong',
    edit: {
      kind: 'demand',
      resource: 'app-cpu',
      ...(charge.route === undefined ? {} : { route: charge.route }),
      removeMsPerRequest: perRequestMs,
      blocking: true,
      offloaded: true,
    },
    remedy: {
      summary: `Keep ${name} off the event loop.`,
      steps: [
        ...(charge.frame
          ? [
              `It runs at ${charge.frame.file}:${charge.frame.line} and takes ${percentText(charge.busyFraction)} of the CPU.`,
            ]
          : []),
        ...others.map(
          ({ frame, name: other, busyFraction }) =>
            `Then ${frame?.function ?? other}${frame ? ` at ${frame.file}:${frame.line}` : ''}, with ${percentText(busyFraction)} of the CPU.`,
        ),
        'First look whether it must do so much: a loop inside a loop, the same work for every request, a result that could be kept.',
        'What remains goes to a worker thread, or into pieces with a pause between them.',
      ],
      code: {
        language: 'ts',
        after: `import { setImmediate as pause } from 'node:timers/promises'

for (const [at, item] of items.entries()) {
  work(item)
  if (at % 100 === 99) await pause() // lets waiting requests through
}`,
      },
    },
  }
}

function unnamed(stalls: Stalls): Finding {
  const where: Where = { resource: 'event loop' }
  return {
    fingerprint: fingerprintOf('event-loop-blocking', where),
    practice: 'event-loop-blocking',
    title: `the event loop is held up for as long as ${msText(stalls.worstDelayMs)}`,
    where,
    facts: factsOf(stalls),
    confidence: 'suspected',
    remedy: {
      summary: 'Find the function that runs so long in one piece.',
      steps: ['Profile the slow route alone: the function with most of the time is the one.'],
      code: { language: 'ts', after: 'node --cpu-prof server.js' },
    },
  }
}
