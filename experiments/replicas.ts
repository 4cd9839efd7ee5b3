/** Further servers of an experiment, replicas or shards, on cores of their own: on the same one they could only take from the first. */
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { startPostgres, startStandby, type PostgresServer } from '@whetstone/sandbox'

/** Each one is put into `started` as soon as it runs, so that the caller ends it whatever happens to the next. */
export async function startReplicas(primary: PostgresServer, count: number, started: PostgresServer[]): Promise<void> {
  if (count === 0) return
  for (let made = 0; made < count; made++) started.push(await startStandby(primary))
  keepApart([primary, ...started])
}

/** Servers that know nothing of each other; as above, each is put into `started`. */
export async function startShards(first: PostgresServer, count: number, started: PostgresServer[]): Promise<void> {
  if (count === 0) return
  for (let made = 0; made < count; made++) started.push(await startPostgres())
  keepApart([first, ...started])
}

function keepApart(servers: readonly PostgresServer[]): void {
  for (const [core, server] of servers.entries()) keepOn(core % cpus().length, server.pid)
}

/** What it forks from now on inherits it. Where `taskset` is missing they share the cores, and the experiment says so by its result. */
function keepOn(core: number, pid: number): void {
  spawnSync('taskset', ['-p', '-c', String(core), String(pid)], { stdio: 'ignore' })
}
