/** The shape of an experiment: the proof of one practice, both arms visible on one screen. */
import type { CacheDrillName } from '@whetstone/model'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import type { Sweep } from './cache-curve.ts'

export interface ArmContext {
  readonly connectionString: string
  /** Made by the arm, so that the pool itself can be what differs. */
  readonly pg: typeof pg
  /** Port of the experiment's own upstream service, when it has one. */
  readonly upstreamPort?: number
  /** Of the streaming replicas, when the experiment has any. */
  readonly replicaConnectionStrings: readonly string[]
  /** Of servers beside the first, each with a database of the arm's own, when the experiment has any. */
  readonly shardConnectionStrings: readonly string[]
  /** Of a Redis of the arm's own, when the experiment has any; empty before the arm is first started. */
  readonly redisUrl?: string
}

export interface ExperimentArm {
  /** Routes of the service; runs in a process of its own. */
  readonly app: (server: FastifyInstance, context: ArmContext) => void | Promise<void>
  /** SQL on this arm's own copy of the database. */
  readonly schema?: string
  /** Then, one by one outside of a transaction, as VACUUM must be. Default: ANALYZE. */
  readonly maintenance?: readonly string[]
  /** Settings of a PostgreSQL of the arm's own, for what takes a restart: then each arm has one. Not with `replicas` or `shards`. */
  readonly server?: Readonly<Record<string, string>>
  /** Settings of its own Redis, as CONFIG SET has them: `maxmemory`, `maxmemory-policy`. Only where the experiment has `redis`. */
  readonly redis?: Readonly<Record<string, string>>
  /** Standbys of this arm's own cluster, in a drill of `failover`. Default 0. */
  readonly standbys?: number
  /** Processes that share the port, as replicas or `node:cluster` do. Default 1. */
  readonly workers?: number
  /** What it does on SIGTERM. Default: it finishes what is under way, then exits. */
  readonly terminate?: (server: FastifyInstance) => void
}

export interface ExperimentRequest {
  readonly route: string
  /** Different paths over the whole range of keys. */
  readonly paths: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  readonly body?: string
  readonly weight?: number
}

export type Answer =
  | 'same'
  /** Pages, cursors or encodings change on purpose; the sentence says how. */
  | { readonly kind: 'contract-change'; readonly what: string }
  | { readonly kind: 'equivalent'; readonly compare: (before: string, after: string) => boolean }

/** Two arms that differ in what one practice is about, and what is asked of both. */
export interface Arms {
  readonly practice: string
  /** Tables and rows both arms start from. */
  readonly database: string
  readonly requests: readonly ExperimentRequest[]
  readonly load: { readonly ratePerSecond: number; readonly durationMs: number }
  readonly before: ExperimentArm
  readonly after: ExperimentArm
  /** Thresholds of the practice that only its user can know, such as a target. */
  readonly settings?: Readonly<Record<string, number>>
  /** Commits reach the disk before they are answered, as everywhere but in a sandbox: for what is about commits. */
  readonly durable?: boolean
  /** Streaming replicas beside the database; each server is then kept to a core of its own, as on machines of their own. */
  readonly replicas?: number
  /** Servers with the same tables beside the first one, at the same distance as `replicas`; nothing is copied between them. */
  readonly shards?: number
  /** Each arm has a Redis of its own. What its processes leave there, the next ones find. */
  readonly redis?: true
  /** What a diagnosis of the arms breaks on purpose, as `--drill` allows it. */
  readonly breaks?: CacheDrillName
  /** What production has of the tables, told as in `whetstone.config.ts`, where an experiment can hold only a part. */
  readonly productionRows?: Readonly<Record<string, number>>
  /** A second service that both arms may call; runs in the runner's process. */
  readonly upstream?: (server: FastifyInstance) => void
}

export interface Experiment extends Arms {
  readonly answer: Answer
  /** False where every request uses something up, such as the oldest day: then nobody warms the processes before a block. Default true. */
  readonly warmed?: boolean
  /** Sizes or times to live of a cache between those of the arms, for the curve that is kept with the result. */
  readonly sweep?: Sweep
  readonly expects: {
    readonly metric: 'p50' | 'p95' | 'bytes' | 'errors' | 'cpu'
    /** Where the gain shows; all requests together when absent. */
    readonly route?: string
    readonly atLeast: number
  }
}

/** Proves what no latency shows: each round counts one thing on each arm, in turns. */
export interface Drill extends Arms {
  /**
   * `stop`: requests cut off by SIGTERM. `memory`: bytes kept of every request. `peak-memory`: bytes by which the process grows while it makes the
   * answer to the last request; both arms must answer with the same bytes. `capacity`: requests answered a second by
   * as many users as it takes, reported on that load. `throughput`: the same, reported on a diagnosis. `scaling`: what the second process adds, as a fraction of the first. `overload`: requests
   * answered a second when five times the load comes from users who wait 0.4 s. `failed`: of three hundred requests, those
   * answered with a server error or not at all. `failover`: of as many, with
   * the primary killed after the first hundred and the standby promoted, if there is one. `lost-updates`: of as many changes that were answered well, those of which
   * `GET /total` knows nothing. `spilled`: megabytes written to temporary files for every request. `attributed`: of the time
   * the server works for the arm, the percentage of which it can say afterwards by which statement. `loads`: by how much the number that
   * `GET /loads` answers grows in four seconds of the load. `second-visit`: bytes a browser transfers when it comes back after a day. `statements`: calls of statements for every hundred requests. `misses`: of the
   * arm's Redis, for every hundred reads. `stale`: milliseconds until a change, which a PUT with another `value` makes, is answered by a GET. `paused`: of a
   * hundred requests sent while the arm's Redis stands still for five seconds, those that fail or take longer than one.
   */
  readonly drill:
    | 'stop'
    | 'memory'
    | 'peak-memory'
    | 'capacity'
    | 'throughput'
    | 'scaling'
    | 'overload'
    | 'failed'
    | 'failover'
    | 'lost-updates'
    | 'spilled'
    | 'attributed'
    | 'loads'
    | 'second-visit'
    | 'statements'
    | 'misses'
    | 'stale'
    | 'paused'
  /** Of a practice that makes no findings: its row says `unknown` of `before`, and `pass` of `after`. */
  readonly row?: true
  /** Of the medians: before over after where less is better, after over before where more is; nothing left counts as one. */
  readonly expects: { readonly atLeast: number }
}

/** Gives an experiment its types; returns it unchanged. */
export function defineExperiment(experiment: Experiment): Experiment {
  return experiment
}

/** Gives a drill its types; returns it unchanged. */
export function defineDrill(drill: Drill): Drill {
  return drill
}

export const isDrill = (experiment: Experiment | Drill): experiment is Drill => 'drill' in experiment

export const contractChange = (what: string): Answer => ({ kind: 'contract-change', what })
export const equivalent = (compare: (before: string, after: string) => boolean): Answer => ({
  kind: 'equivalent',
  compare,
})

/** Paths with numbers drawn evenly over 1 … limit, the same on every machine. */
export function spread(limit: number, path: (id: number) => string, count = 60): string[] {
  const golden = 0.618_033_988_75
  return Array.from({ length: count }, (_, index) => path(1 + Math.floor(((index * golden) % 1) * limit)))
}
