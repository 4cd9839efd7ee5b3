/** What more processes give: compared where the capacity was measured with one and with several. */
import {
  ask,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  type PgEvidence,
  unknown,
} from '@whetstone/model'
import { type MeasuredCapacity, measuredCapacities } from '../derive/capacity.ts'
import { countText, fact, percentText } from '../derive/figures.ts'

export const horizontalVsVertical = definePractice({
  id: 'horizontal-vs-vertical',
  chapter: 'scaling',
  title: 'Choose horizontal or vertical scaling',
  why: 'More processes help only as far as they do not wait for the same thing: behind one full database or one lock, ten answer no more than two.',
  unless: ['The service is far from its limit, and stays there.'],
  sources: [
    'http://www.perfdynamics.com/Manifesto/USLscalability.html',
    'https://doi.org/10.1145/1465482.1465560',
    'https://wiki.postgresql.org/wiki/Number_Of_Database_Connections',
  ],
  needs: ['history'],
  optional: ['host', 'pg'],
  thresholds: {
    efficiencyFraction: {
      value: 0.7,
      unit: 'fraction',
      source: 'two processes that answer less than 1.4 times as much as one share something that is full',
    },
    cpuBusyFraction: {
      value: 0.8,
      unit: 'fraction',
      source: 'with four fifths of all cores taken it is the machine that ran out, not the service',
    },
  },
  remedy: {
    summary: 'Scale out where twice the processes answer nearly twice as much; where not, widen what they share first.',
    library: 'whetstone capacity',
    example: {
      language: 'ts',
      before: `// eight replicas, and the same 400 requests a second`,
      after: `// one process 380/s, two 400/s: the lock first, the replicas afterwards`,
    },
  },
  detect({ history, host, pg }, thresholds) {
    const pair = smallestAndLargest(measuredCapacities(history))
    if (!pair)
      return unknown(
        ['history'],
        'its capacity was not measured with one process and with several',
        "whetstone capacity --slo 'p95 < 200ms' -- <command>, once with one process and once with two",
      )
    const { few, many } = pair
    const times = many.processes / few.processes
    const efficiency = many.capacity.ratePerSecond.estimate / few.capacity.ratePerSecond.estimate / times
    const atMost = many.capacity.ratePerSecond.high / few.capacity.ratePerSecond.low / times
    const facts = [
      fact(`requests of ${countText(few.processes)}`, few.capacity.ratePerSecond.estimate, 'per-second', 'history'),
      fact(`requests of ${countText(many.processes)}`, many.capacity.ratePerSecond.estimate, 'per-second', 'history'),
      fact('efficiency of each', efficiency, 'fraction', 'history'),
    ]
    if (atMost >= thresholds.efficiencyFraction)
      return pass(
        facts,
        `${countText(many.processes)} processes answer ${countText(efficiency * times)} times as much as ${countText(few.processes)}: more of them pay`,
      )
    const busy = many.capacity.load.cpuBusyFraction
    const machineHadRoom =
      busy === undefined ? host !== undefined && host.cores > many.processes : busy < thresholds.cpuBusyFraction
    if (!machineHadRoom)
      return ask(
        `${countText(many.processes)} processes answered ${countText(efficiency * times)} times as much as ${countText(few.processes)}, on a machine that was full: what do they answer on a larger one?`,
        facts,
      )
    return findings([describe({ few, many, efficiency, times, facts, pg })])
  },
})

interface Sized {
  readonly processes: number
  readonly capacity: MeasuredCapacity
}

/** The newest of each number of processes. */
function smallestAndLargest(capacities: readonly MeasuredCapacity[]): { few: Sized; many: Sized } | undefined {
  const newest = new Map(
    capacities.flatMap(capacity => {
      const { processes } = capacity.load
      return processes === undefined ? [] : [[processes, { processes, capacity }] as const]
    }),
  )
  const sized = [...newest.values()].toSorted((a, b) => a.processes - b.processes)
  const [few, many] = [sized[0], sized.at(-1)]
  return few && many && few.processes < many.processes ? { few, many } : undefined
}

interface Compared {
  readonly few: Sized
  readonly many: Sized
  readonly efficiency: number
  readonly times: number
  readonly facts: readonly Fact[]
  readonly pg: PgEvidence | undefined
}

function describe({ few, many, efficiency, times, facts, pg }: Compared): Finding {
  const where = { resource: 'shared bottleneck' }
  const connections = pg && pg.activity.peakConnections / Math.max(1, pg.activity.maxConnections)
  return {
    fingerprint: fingerprintOf('horizontal-vs-vertical', where),
    practice: 'horizontal-vs-vertical',
    title: `${countText(many.processes)} processes answer ${countText(efficiency * times)} times as much as ${countText(few.processes)}: they wait for the same thing`,
    where,
    facts,
    confidence: 'strong',
    remedy: {
      summary: 'Widen what the processes share before adding more of them.',
      steps: [
        ...(connections !== undefined && connections > 0.8
          ? [`The database has ${percentText(connections)} of its connections taken: that is the first to look at.`]
          : []),
        'What they share is a database, a lock in it, a cache, another service or a disk: the one whose time grows from one process to two.',
        'Compare where the time goes in both: whetstone diagnose with one process and with two, at the same rate.',
        'A bigger machine for what is shared helps now; fewer requests to it help longer.',
      ],
    },
  }
}
