/** Says which resource is full, and where the time goes, so that work begins where it counts. */
import {
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  type HostEvidence,
  notApplicable,
  pass,
  type RuntimeEvidence,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { fact, percentText } from '../derive/figures.ts'
import { readRoutes } from '../derive/routes.ts'
import { timeShares } from '../derive/time-shares.ts'

export const identifyBottleneck = definePractice({
  id: 'identify-bottleneck',
  chapter: 'measurement',
  title: 'Identify the bottleneck first (80/20)',
  why: 'One resource fills up first and decides the capacity; work on anything else changes nothing until that one is relieved.',
  unless: [
    'Nothing is full: then the time goes to work and waiting inside requests, and the heaviest part comes first.',
  ],
  sources: ['https://www.brendangregg.com/usemethod.html', 'https://clinicjs.org/documentation/doctor/'],
  needs: ['traces'],
  optional: ['runtime', 'host'],
  thresholds: {
    loopFraction: { value: 0.95, unit: 'fraction', source: 'Clinic Doctor, median event-loop utilisation' },
    hostFraction: { value: 0.9, unit: 'fraction', source: 'Clinic Doctor, CPU at the 90th percentile' },
    databaseFraction: { value: 0.9, unit: 'fraction', source: 'the same limit for the cores the database may use' },
    waitFraction: { value: 0.5, unit: 'fraction', source: 'half of the time in a queue: the queue is the bottleneck' },
    windows: { value: 3, unit: 'count', source: 'three seconds, so that one burst is no bottleneck' },
  },
  remedy: {
    summary: 'Relieve the full resource first, then measure again: the next one shows itself.',
    example: {
      language: 'ts',
      before: `// the database is idle, the pool is empty: a larger instance changes nothing`,
      after: `const pool = new Pool({ max: 10 }) // 62 % of the time was spent waiting for one of 2 connections`,
    },
  },
  detect({ traces, runtime, host }, thresholds) {
    const shares = timeShares(traces)
    if (shares.length === 0) return notApplicable('no request was traced')
    const facts = shares.map(({ component, fraction }) => fact(`time in ${component}`, fraction, 'fraction', 'traces'))
    const waiting = shares.find(({ component }) => component === 'pool wait')
    const full: Full[] = [
      ...(runtime ? fullLoops(runtime, thresholds) : []),
      ...(host ? fullHost(host, thresholds) : []),
      ...(waiting && waiting.fraction >= thresholds.waitFraction && waits(traces)
        ? [
            {
              resource: 'connection pool' as const,
              share: fact('time waiting for a connection', waiting.fraction, 'fraction', 'traces'),
            },
          ]
        : []),
    ]
    if (full.length > 0) return findings(full.slice(0, 1).map(one => describe(one, facts)))
    return pass(facts, shares.map(({ component, fraction }) => `${component} ${percentText(fraction)}`).join(', '))
  },
})

interface Full {
  readonly resource: 'event loop' | 'CPU of the machine' | 'CPU of the database' | 'connection pool'
  readonly share: Fact
}

function fullLoops(runtime: RuntimeEvidence, limits: { loopFraction: number; windows: number }): Full[] {
  return runtime.processes.flatMap(({ samples }) => {
    const busy = samples.filter(({ requests }) => requests > 0)
    if (busy.length < limits.windows) return []
    const utilisation = median(busy.map(sample => sample.eventLoopUtilisationFraction))
    // A loop can look active while the machine gives it no CPU; then the machine is full, not the loop.
    const cpu = median(busy.map(sample => (sample.cpuUserMs + sample.cpuSystemMs) / sample.windowMs))
    const isFull = utilisation >= limits.loopFraction && cpu >= limits.loopFraction / 2
    return isFull
      ? [
          {
            resource: 'event loop' as const,
            share: fact('event-loop utilisation, median', utilisation, 'fraction', 'runtime'),
          },
        ]
      : []
  })
}

function fullHost(
  host: HostEvidence,
  limits: { hostFraction: number; databaseFraction: number; windows: number },
): Full[] {
  if (host.samples.length < limits.windows) return []
  const database = median(host.samples.map(({ databaseCpuCores = 0 }) => databaseCpuCores / host.cores))
  if (database >= limits.databaseFraction)
    return [
      {
        resource: 'CPU of the database',
        share: fact('cores of the machine used by the database', database, 'fraction', 'host'),
      },
    ]
  const busy = median(host.samples.map(sample => sample.cpuBusyFraction))
  const target = median(host.samples.map(({ targetCpuCores = 0 }) => targetCpuCores / host.cores))
  // Full of something else (a build, a neighbour) is a bad measurement, not a bottleneck of the service.
  if (busy < limits.hostFraction || target + database < busy / 2) return []
  return [{ resource: 'CPU of the machine', share: fact('busy cores, median', busy, 'fraction', 'host') }]
}

function waits(traces: Parameters<typeof readRoutes>[0]): boolean {
  const readings = [...readRoutes(traces).values()]
  const waited = readings.reduce((sum, { aggregate }) => sum + aggregate.requestsThatWaited, 0)
  return waited >= readings.reduce((sum, { requests }) => sum + requests, 0) / 10
}

const advice: Readonly<Record<Full['resource'], string>> = {
  'event loop': 'Look at the CPU profile: what the one thread does is the capacity. Then run one process per core.',
  'CPU of the machine': 'Find the larger consumer, service or database, and take its heaviest work first.',
  'CPU of the database':
    'Take the statement with the largest share of database time first: an index, fewer calls, fewer rows.',
  'connection pool':
    'Hold connections for a shorter time first (slow statements, calls inside transactions), then make the pool larger.',
}

function describe({ resource, share }: Full, facts: readonly Fact[]): Finding {
  const where = { resource }
  return {
    fingerprint: fingerprintOf('identify-bottleneck', where),
    practice: 'identify-bottleneck',
    title: `the ${resource} is the bottleneck: ${share.label} ${percentText(share.quantity.value)}`,
    where,
    facts: [share, ...facts],
    confidence: 'strong',
    remedy: {
      summary: `Relieve the ${resource} first.`,
      steps: [advice[resource], 'Measure again afterwards: the next bottleneck shows itself only then.'],
    },
  }
}
