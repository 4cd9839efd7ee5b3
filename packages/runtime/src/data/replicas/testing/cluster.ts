/** A primary with replicas, real ones, and pools on each: what the drills of a set of replicas are run on. */
import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'pg'
import { startPostgres, startStandby } from '@whetstone/sandbox'
import type { PostgresServer, PostgresStandby, StandbyOptions } from '@whetstone/sandbox'
import { queryableOf } from '../../plain-pool.ts'
import type { PlainPool } from '../../plain-pool.ts'

export interface Cluster {
  readonly primary: PostgresServer
  readonly replicas: readonly PostgresStandby[]
  /** `primary`, `replica1`, `replica2`, …: names of the start, whoever is what later. */
  readonly pools: Readonly<Record<string, PlainPool>>
  readonly end: () => Promise<void>
}

export async function startCluster(replicaCount: number, options: StandbyOptions = {}): Promise<Cluster> {
  const primary = await startPostgres({ database: 'app' })
  const replicas: PostgresStandby[] = []
  for (let made = 0; made < replicaCount; made++) replicas.push(await startStandby(primary, options))
  const named = [['primary', primary] as const, ...replicas.map((one, at) => [`replica${at + 1}`, one] as const)]
  const pools = Object.fromEntries(
    named.map(([name, { url }]) => [name, queryableOf(new Pool({ connectionString: url, max: 8 }))]),
  )
  // A killed server ends connections that nobody uses.
  for (const pool of Object.values(pools)) pool.on('error', () => undefined)
  return {
    primary,
    replicas,
    pools,
    async end() {
      await Promise.all(Object.values(pools).map(async ({ pool }) => await pool.end()))
      for (const [, server] of named) await server.stop()
    },
  }
}

/** Resolves when `condition` holds; one that rejects does not hold yet. Rejects when that has lasted forty seconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + 40_000
  for (;;) {
    let why: unknown
    try {
      if (await condition()) return
    } catch (error) {
      why = error
    }
    if (performance.now() > deadlineMs) throw new Error(`not within 40 s: ${what}`, { cause: why })
    await delay(5)
  }
}
