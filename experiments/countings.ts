/** What the drills count: how each kind is told, which way is better, and who counts it. */
import { armCommand, type ArmName, type ArmStart } from './arms.ts'
import { missesPerHundred, staleMs, statementsPerHundred } from './cache-count.ts'
import { failedWithoutCache } from './cache-pause.ts'
import { capacityOf, failedRequests, keptBytesPerRequest, loadsUnderLoad, lostAtStop, lostUpdates } from './count.ts'
import { attributedPercent, spilledMegabytes } from './database-count.ts'
import type { Drill } from './define.ts'
import { failedByFailover } from './failover.ts'
import { answeredInOverload } from './overload.ts'
import { grownByAnswer } from './peak-memory.ts'
import { secondVisitBytes } from './second-visit.ts'
import type { Stand } from './stand.ts'

interface CountedArm {
  readonly arm: ArmName
  /** That defines the drill. */
  readonly file: string
  readonly experiment: Drill
  readonly stand: Stand
  readonly start: (workers?: number) => ArmStart
}

interface Counting {
  /** `requests cut off at each stop`. */
  readonly counts: string
  readonly better: 'less' | 'more'
  /** On one arm, for one round. */
  readonly count: (counted: CountedArm) => Promise<number>
}

const answeredPerSecond = async ({ start, stand }: CountedArm, workers = 1): Promise<number> =>
  (await capacityOf(start(workers), stand.workload)).ratePerSecond

const throughput: Counting = {
  counts: 'requests answered a second',
  better: 'more',
  count: async counted => Math.round(await answeredPerSecond(counted)),
}

export const countings: Readonly<Record<Drill['drill'], Counting>> = {
  stop: {
    counts: 'requests cut off at each stop',
    better: 'less',
    count: ({ start, stand, experiment }) => lostAtStop(start(), stand.workload, experiment.load.ratePerSecond),
  },
  memory: {
    counts: 'bytes kept of every request',
    better: 'less',
    count: ({ start, stand }) => keptBytesPerRequest(start(), stand.workload),
  },
  'peak-memory': {
    counts: 'bytes grown by one answer',
    better: 'less',
    count: ({ start, stand }) => grownByAnswer(start(), stand.workload),
  },
  capacity: throughput,
  throughput,
  scaling: {
    counts: 'what a second process adds, of the first',
    better: 'more',
    async count(counted) {
      const [one, two] = [await answeredPerSecond(counted, 1), await answeredPerSecond(counted, 2)]
      return Number((two / one - 1).toPrecision(3))
    },
  },
  failed: {
    counts: 'requests that failed, of 300',
    better: 'less',
    count: ({ start, stand }) => failedRequests(start(), stand.workload),
  },
  failover: {
    counts: 'requests that failed, of 300 around a failover',
    better: 'less',
    count: ({ arm, file, start, stand, experiment }) =>
      failedByFailover(experiment, arm, stand.workload, (databaseUrl, replicaUrls) => ({
        ...armCommand(file, arm, { databaseUrl, replicaUrls }),
        command: start().command,
      })),
  },
  'lost-updates': {
    counts: 'updates lost, of 300',
    better: 'less',
    count: ({ start, stand }) => lostUpdates(start(), stand.workload),
  },
  overload: {
    counts: 'requests answered in time a second, of too many',
    better: 'more',
    count: ({ start, stand, experiment }) => answeredInOverload(start(), stand.workload, experiment.load.ratePerSecond),
  },
  spilled: {
    counts: 'megabytes written to temporary files for every request',
    better: 'less',
    count: ({ start, stand }) => spilledMegabytes(start(), stand.workload),
  },
  loads: {
    counts: 'loads in four seconds',
    better: 'less',
    count: ({ start, stand, experiment }) => loadsUnderLoad(start(), stand.workload, experiment.load.ratePerSecond),
  },
  'second-visit': {
    counts: 'bytes transferred on the second visit',
    better: 'less',
    count: ({ start, stand }) => secondVisitBytes(start(), stand.workload),
  },
  attributed: {
    counts: 'percent of the time of the server whose statement is known',
    better: 'more',
    count: ({ start, stand }) => attributedPercent(start(), stand.workload),
  },
  statements: {
    counts: 'statements for every hundred requests',
    better: 'less',
    count: ({ start, stand }) => statementsPerHundred(start(), stand.workload),
  },
  misses: {
    counts: 'misses for every hundred reads of the cache',
    better: 'less',
    count: ({ start, stand }) => missesPerHundred(start(), stand.workload),
  },
  stale: {
    counts: 'ms until a change is answered',
    better: 'less',
    count: ({ start, stand }) => staleMs(start(), stand.workload),
  },
  paused: {
    counts: 'of a hundred requests without the cache, those that fail',
    better: 'less',
    count: ({ arm, start, stand, experiment }) =>
      failedWithoutCache(start(), stand.workload, { ...experiment.load, redis: stand.redis[arm] }),
  },
}
