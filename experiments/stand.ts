/** What both arms of an experiment or a drill run on: a database each, an upstream, and a diagnosis when it is asked for. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diagnose, type Diagnosis, type OnProgress } from '@whetstone/loop'
import type { AnswersEvidence, Workload } from '@whetstone/model'
import { startPostgres, type PostgresServer, type RedisServer } from '@whetstone/sandbox'
import Fastify from 'fastify'
import { type ArmName, armCommand, type ArmServers, type ArmStart, databases, sharedBy, workloadOf } from './arms.ts'
import type { Arms } from './define.ts'
import { startRedisOfArms } from './redis.ts'
import { startReplicas, startShards } from './replicas.ts'

export interface StandOptions {
  readonly file: string
  readonly chapter: string
  readonly experiment: Arms
  /** A smoke version: shorter windows, fewer rounds. */
  readonly quick: boolean
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

/** What both arms run on, for as long as one experiment takes. */
export interface Stand {
  readonly base: string
  readonly workload: Workload
  /** Where the experiment has `redis`. */
  readonly redis: Partial<Readonly<Record<ArmName, RedisServer>>>
  command(arm: ArmName, workers?: number): ArmStart
  diagnosis(arm: ArmName): Promise<Diagnosis>
}

export async function onStand<Result>(options: StandOptions, use: (stand: Stand) => Promise<Result>): Promise<Result> {
  const { experiment } = options
  const upstream = experiment.upstream ? Fastify() : undefined
  const started: PostgresServer[] = []
  const replicas: PostgresServer[] = []
  const shards: PostgresServer[] = []
  const redis: Partial<Record<ArmName, RedisServer>> = {}
  const base = await mkdtemp(join(tmpdir(), 'whetstone-experiment-'))
  try {
    if (upstream) {
      experiment.upstream?.(upstream)
      await upstream.listen({ host: '127.0.0.1', port: 0 })
    }
    const upstreamPort = upstream ? (upstream.server.address() as { port: number }).port : undefined
    const servers = await startServers(experiment, started)
    const urls = await databases(servers, experiment)
    await startReplicas(servers.before, experiment.replicas ?? 0, replicas)
    await startShards(servers.before, experiment.shards ?? 0, shards)
    if (experiment.redis) await startRedisOfArms(experiment, redis)
    const shardUrls = await Promise.all(shards.map(shard => databases(sharedBy(shard), experiment)))
    const command = (arm: ArmName, workers?: number) =>
      armCommand(options.file, arm, {
        databaseUrl: urls[arm],
        replicaUrls: replicas.map(replica => replica.urlOf(new URL(urls[arm]).pathname.slice(1))),
        shardUrls: shardUrls.map(one => one[arm]),
        redisUrl: redis[arm]?.url,
        upstreamPort,
        ...(workers === undefined ? {} : { workers }),
      })
    const workload = workloadOf(experiment)
    return await use({
      base,
      workload,
      redis,
      command,
      diagnosis: arm =>
        diagnoseArm(options, { arm, base, workload, databaseUrl: urls[arm], postgres: servers[arm], ...command(arm) }),
    })
  } finally {
    await upstream?.close()
    for (const server of [...replicas, ...shards, ...started, ...Object.values(redis)]) await server.stop()
    await rm(base, { recursive: true, force: true })
  }
}

/** One for both arms, unless they differ in what takes a restart. Each is put into `started` as soon as it runs. */
async function startServers({ before, after, durable = false }: Arms, started: PostgresServer[]): Promise<ArmServers> {
  const start = async (settings: Readonly<Record<string, string>> = {}) => {
    const server = await startPostgres({ durable, settings })
    started.push(server)
    return server
  }
  if (!before.server && !after.server) return sharedBy(await start())
  return { before: await start(before.server), after: await start(after.server) }
}

interface ArmRun extends ReturnType<typeof armCommand> {
  readonly arm: ArmName
  readonly base: string
  readonly workload: Workload
  readonly databaseUrl: string
  readonly postgres: PostgresServer
}

function diagnoseArm(
  options: StandOptions,
  { arm, base, workload, databaseUrl, postgres, command, env, workingDirectory }: ArmRun,
): Promise<Diagnosis> {
  return diagnose({
    subject: { kind: 'command', command, env, workingDirectory },
    plan: async () => workload,
    databaseUrl,
    ratePerSecond: options.experiment.load.ratePerSecond,
    durationMs: options.quick ? 3_000 : options.experiment.load.durationMs,
    warmUpMs: options.quick ? 500 : 1_500,
    seed: 1,
    readyPath: '/healthz',
    scratch: async () => postgres,
    ...(options.experiment.breaks ? { drills: [options.experiment.breaks] } : {}),
    explainAnalyze: true,
    ...(options.experiment.settings
      ? { settings: { [options.experiment.practice]: options.experiment.settings } }
      : {}),
    ...(options.experiment.productionRows ? { answers: answersOf(options.experiment.productionRows) } : {}),
    base,
    root: workingDirectory,
    name: `${options.experiment.practice} ${arm}`,
    command: `experiment ${options.experiment.practice} ${arm}`,
    tool: 'whetstone experiment',
    now: () => new Date(),
    onProgress: options.onProgress,
    signal: options.signal,
  })
}

function answersOf(productionRows: Readonly<Record<string, number>>): AnswersEvidence {
  const tables = Object.entries(productionRows).map(([table, rows]) => ({ table, productionRows: rows }))
  return { schema: 'answers@1', routes: [], tables }
}
