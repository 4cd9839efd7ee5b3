/** Whether requests that are under way survive a stop: every rollout, every scale-down and every restart is one. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  type SourceEvidence,
  type StopDrill,
  unknown,
} from '@whetstone/model'
import { countText, fact, msText, percentText } from '../derive/figures.ts'
import { type Framework, frameworkOf } from '../derive/framework.ts'

export const availability = definePractice({
  id: 'availability',
  chapter: 'foundations',
  title: 'Uptime and availability',
  why: 'A process that ends at SIGTERM drops every request it is working on, so each rollout costs as many errors as there are requests under way.',
  unless: [
    'Whatever stands in front repeats requests that were cut off, and all of them may be repeated.',
    'It is no service but a job: nobody waits for an answer.',
  ],
  sources: [
    'https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination',
    'https://nodejs.org/api/http.html#serverclosecallback',
    'https://sre.google/sre-book/embracing-risk/',
  ],
  needs: ['drills'],
  optional: ['source'],
  thresholds: {
    lost: { value: 2, unit: 'count', source: 'one may have met the very moment of the stop' },
    lostFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'a server that drains loses none, one that does not loses all; between them lies chance',
    },
  },
  remedy: {
    summary: 'On SIGTERM stop taking connections, finish what is under way, then let go of pools and exit.',
    example: {
      language: 'ts',
      before: `server.listen(3000) // SIGTERM ends the process in the middle of its work`,
      after: `process.once('SIGTERM', () => server.close(() => process.exit(0)))`,
    },
  },
  detect({ drills, source }, thresholds) {
    const stop = drills.drills.findLast(drill => drill.kind === 'stop')
    if (!stop)
      return unknown(['drills'], 'it was not stopped: whetstone did not start it', 'whetstone diagnose -- <command>')
    const facts = factsOf(stop)
    const isLosing = stop.lost >= thresholds.lost && stop.lost >= stop.underWay * thresholds.lostFraction
    if (isLosing) return findings([describe(stop, source)])
    if (stop.underWay < thresholds.lost)
      return pass(facts, 'stopped under light load: it answers so fast that hardly anything was under way')
    return pass(
      facts,
      `stopped with ${countText(stop.underWay)} requests under way: ${stop.lost === 0 ? 'all were answered' : `${countText(stop.drained)} were answered`}`,
    )
  },
})

function factsOf({ underWay, lost, endedAfterMs }: StopDrill): Finding['facts'] {
  return [
    fact('requests under way at SIGTERM', underWay, 'count', 'drills'),
    fact('cut off', lost, 'count', 'drills'),
    ...(endedAfterMs === undefined ? [] : [fact('ended after', endedAfterMs, 'ms', 'drills')]),
  ]
}

function describe(stop: StopDrill, source: SourceEvidence | undefined): Finding {
  const where = { resource: 'SIGTERM' }
  const framework = frameworkOf(source)
  return {
    fingerprint: fingerprintOf('availability', where),
    practice: 'availability',
    title: `${countText(stop.lost)} of ${countText(stop.underWay)} requests under way were cut off when it was stopped`,
    where,
    facts: factsOf(stop),
    confidence: 'measured',
    risk: 'loss',
    remedy: {
      summary: 'Finish what is under way before the process ends.',
      steps: [
        'Every rollout does the same to as many requests as are under way at that moment.',
        ...(stop.endedAfterMs === undefined
          ? [`It was killed ${msText(stop.graceMs)} after the signal: what it waits for has to end before that.`]
          : stop.endedAfterMs < 100
            ? [`It was gone ${msText(stop.endedAfterMs)} after the signal: nothing in it waits.`]
            : []),
        ...stop.routes
          .filter(({ lost }) => lost > 0)
          .slice(0, 3)
          .map(
            ({ route, lost, underWay }) =>
              `${route}: ${countText(lost)} of ${countText(underWay)}, ${percentText(lost / underWay)}.`,
          ),
        'Close the pools of databases only when the last request is answered.',
        'Where a balancer stands in front, fail the readiness check first and close some seconds later.',
      ],
      code: { language: 'ts', after: codeFor(framework) },
    },
  }
}

function codeFor(framework: Framework | undefined): string {
  switch (framework) {
    case 'fastify':
      return `// close() answers what is under way and runs the onClose hooks: let pools go there.
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))`
    case 'koa':
    case 'express':
      return `const server = app.listen(port)
process.once('SIGTERM', () => server.close(async () => {
  await pool.end()
  process.exit(0)
}))`
    case 'hono':
      return `const server = serve(app)
process.once('SIGTERM', () => server.close(() => process.exit(0)))`
    case undefined:
      return `process.once('SIGTERM', () => {
  server.close(() => process.exit(0)) // no new connections, then the end of those under way
  server.closeIdleConnections() // Node 18; newer versions do this by themselves
})`
  }
}
