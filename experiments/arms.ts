/** The two arms of an experiment as commands: each a process of its own on its own copy of the database. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Workload } from '@whetstone/model'
import type { PostgresServer } from '@whetstone/sandbox'
import pg from 'pg'
import type { BundledArm } from './bundle.ts'
import type { Arms } from './define.ts'

export type ArmName = 'before' | 'after'
export type ArmServers = Readonly<Record<ArmName, PostgresServer>>
export type ArmStart = ReturnType<typeof armCommand>

export const sharedBy = (server: PostgresServer): ArmServers => ({ before: server, after: server })

export async function databases(servers: ArmServers, experiment: Arms): Promise<Record<ArmName, string>> {
  for (const server of new Set(Object.values(servers))) {
    await server.createDatabase('base')
    await execute(urlOf(server, 'base'), experiment.database)
  }
  const urls = { before: urlOf(servers.before, 'arm_before'), after: urlOf(servers.after, 'arm_after') }
  for (const arm of ['before', 'after'] as const) {
    await servers[arm].createDatabase(`arm_${arm}`, { template: 'base' })
    const { schema = '', maintenance = ['ANALYZE'] } = experiment[arm]
    await execute(urls[arm], schema, ...maintenance)
  }
  return urls
}

function urlOf(postgres: PostgresServer, database: string): string {
  const url = new URL(postgres.url)
  url.pathname = `/${database}`
  return url.href
}

async function execute(url: string, ...texts: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const text of texts) await client.query(text)
  } finally {
    await client.end()
  }
}

interface ArmPlace {
  readonly databaseUrl: string
  readonly replicaUrls: readonly string[]
  readonly shardUrls?: readonly string[]
  readonly redisUrl?: string | undefined
  readonly upstreamPort?: number | undefined
  /** Default: as many as the arm says. */
  readonly workers?: number
}

export function armCommand(
  file: string,
  arm: ArmName,
  { databaseUrl, replicaUrls, shardUrls = [], redisUrl, upstreamPort, workers }: ArmPlace,
) {
  const entry = fileURLToPath(new URL('arm.ts', import.meta.url))
  return {
    command: [process.execPath, '--conditions=@whetstone/source', '--import', 'tsx', entry, file, arm],
    workingDirectory: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      DATABASE_URL: databaseUrl,
      NODE_ENV: 'development',
      ...(replicaUrls.length > 0 ? { REPLICA_URLS: replicaUrls.join(' ') } : {}),
      ...(shardUrls.length > 0 ? { SHARD_URLS: shardUrls.join(' ') } : {}),
      ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
      ...(upstreamPort ? { UPSTREAM_PORT: String(upstreamPort) } : {}),
      ...(workers === undefined ? {} : { ARM_WORKERS: String(workers) }),
    },
  }
}

/** The same arm without a compiler in the process. */
export function compiledCommand(bundle: BundledArm, arm: ArmName, start: ArmStart): ArmStart {
  return { ...start, command: [process.execPath, bundle.entry, bundle.file, arm] }
}

export function workloadOf(experiment: Arms): Workload {
  return {
    routes: experiment.requests.map(({ route, paths, headers = {}, method = 'GET', body, weight = 1 }) => ({
      route,
      weight,
      requests: paths.map(path => ({
        method,
        path,
        headers: { 'accept-encoding': 'gzip', ...headers },
        ...(body === undefined ? {} : { body }),
      })),
    })),
    skipped: [],
  }
}

/** For the page alone, and compiled by a test: no detector reads it. */
const runtimeText = /^ {4}withRuntime: `[^`]*`,\n/m

/** Hash of the experiment file and its practice's module, without what the module shows of the runtime. */
export async function hashOf({
  file,
  chapter,
  experiment,
}: {
  readonly file: string
  readonly chapter: string
  readonly experiment: Pick<Arms, 'practice'>
}): Promise<string> {
  const practice = fileURLToPath(
    new URL(`../packages/catalogue/src/${chapter}/${experiment.practice}.ts`, import.meta.url),
  )
  const hash = createHash('sha256')
  hash.update(await readFile(file))
  hash.update((await readFile(practice, 'utf8')).replace(runtimeText, ''))
  return hash.digest('hex').slice(0, 16)
}
