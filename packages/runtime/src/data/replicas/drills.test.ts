import { afterEach, describe, expect, it } from 'vitest'
import type { PlainPool } from '../plain-pool.ts'
import { Pool as OwnPool } from '../pool/pool.ts'
import type { Queryable } from '../queryable.ts'
import { ReplicaSet } from './replica-set.ts'
import type { ReplicaSetOptions } from './options.ts'
import { startCluster, until } from './testing/cluster.ts'
import type { Cluster } from './testing/cluster.ts'

let cluster: Cluster
let set: ReplicaSet
/** The data layer's own pools take the deaths, those of node-postgres the rest: both kinds tell of errors in their own way. */
let ownPools: Readonly<Record<string, OwnPool>> = {}

async function start(
  replicas: number,
  options: ReplicaSetOptions = {},
  kind: 'own' | 'plain' = 'plain',
): Promise<void> {
  cluster = await startCluster(replicas)
  const servers = [cluster.primary, ...cluster.replicas].map(
    ({ url }, at) => [Object.keys(cluster.pools)[at]!, url] as const,
  )
  ownPools =
    kind === 'plain'
      ? {}
      : Object.fromEntries(servers.map(([name, connectionString]) => [name, new OwnPool({ connectionString, max: 8 })]))
  set = new ReplicaSet<Queryable>(kind === 'own' ? ownPools : cluster.pools, {
    probeIntervalMs: 50,
    probeTimeoutMs: 10_000,
    ...options,
  })
  await set.write('create table counted (n int primary key)')
  await until(() => set.state.servers.every(({ serving }) => serving), 'all serve')
  for (const pool of Object.values(cluster.pools))
    await until(async () => (await countAt(pool)) === 0, 'the table is everywhere')
}

const countAt = async (pool: PlainPool) =>
  (await pool.query<{ n: number }>('select count(*)::int as n from counted')).rows[0]!.n

afterEach(async () => {
  set.close()
  await Promise.all(Object.values(ownPools).map(async pool => await pool.end()))
  await cluster.end()
})

const server = (name: string) => set.state.servers.find(one => one.name === name)!

describe('a replica that is killed', () => {
  it('costs no read: they go on elsewhere, while it is ejected and after', async () => {
    await start(2, {}, 'own')
    const answers: unknown[] = []
    let reading = true
    const readers = Array.from({ length: 4 }, async () => {
      while (reading) answers.push((await set.read('select 1 as one')).rows[0])
    })
    await until(() => answers.length > 100, 'reads are under way')
    await cluster.replicas[0]!.kill()
    await until(() => !server('replica1').serving, 'it is ejected')
    const ejectedAt = answers.length
    await until(() => answers.length > ejectedAt + 100, 'reads go on')
    reading = false
    await Promise.all(readers)
    expect(new Set(answers.map(answer => JSON.stringify(answer)))).toEqual(new Set(['{"one":1}']))
    expect(server('replica1')).toMatchObject({ serving: false, ejectedFor: 'unreachable' })
    expect(server('replica2').serving).toBe(true)
  }, 180_000)
})

describe('when all replicas are gone', () => {
  it('the primary takes their reads up to a bound, and sheds the rest', async () => {
    await start(1, { maxDivertedReads: 3 })
    await cluster.replicas[0]!.kill()
    await until(() => !server('replica1').serving, 'it is ejected')
    const reads = Array.from({ length: 8 }, async () => await set.read('select pg_sleep(0.3)'))
    const settled = await Promise.allSettled(reads)
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    const refused = settled.find(({ status }) => status === 'rejected') as PromiseRejectedResult
    expect(refused.reason).toMatchObject({ code: 'FAULT_REPLICAS_SHED', retryable: true })
    expect(set.state).toMatchObject({ counters: { panic: 3, shed: 5 }, diverted: 0 })
  }, 180_000)
})

describe('a replica whose replay is held', () => {
  it('is ejected for its lag, never answers with the past, and returns when it has caught up', async () => {
    await start(1, { maxLagMs: 1500, waitMs: 20 })
    const replica = cluster.replicas[0]!
    await replica.pauseReplay()
    let n = 0
    const writeAndRead = async () =>
      await set.withSession(undefined, async () => {
        await set.write('insert into counted values ($1)', [++n])
        const { rows } = await set.read<{ n: number }>('select max(n) as n from counted')
        expect(rows[0]!.n).toBe(n)
      })
    await until(async () => {
      await writeAndRead()
      return !server('replica1').serving
    }, 'it is ejected')
    expect(server('replica1')).toMatchObject({ ejectedFor: 'lag', role: 'replica' })
    expect(server('replica1').lagBytes).toBeGreaterThan(0)
    await replica.resumeReplay()
    await until(() => server('replica1').serving, 'it is back')
    const before = set.state.counters.replica
    await set.read('select 1')
    expect(set.state.counters.replica).toBe(before + 1)
  }, 180_000)
})

describe('a primary that is killed', () => {
  it('is replaced by the replica that is promoted: writes go on, and the other replica serves once it follows', async () => {
    await start(2, {}, 'own')
    const [first, second] = cluster.replicas as [(typeof cluster.replicas)[0], (typeof cluster.replicas)[0]]
    await set.write('insert into counted values (1)')
    await until(async () => (await countAt(cluster.pools['replica1']!)) === 1, 'the promoted one has the row')
    await cluster.primary.kill()
    await until(() => !server('primary').serving, 'its end is noticed')
    await expect(set.write('insert into counted values (2)')).rejects.toMatchObject({
      code: 'FAULT_NO_PRIMARY',
      retryable: true,
    })
    expect((await set.read('select 1 as one')).rows).toEqual([{ one: 1 }])
    await first.promote()
    await until(() => set.state.primary === 'replica1', 'the promotion is noticed')
    await set.withSession(undefined, async () => {
      await set.write('insert into counted values (3)')
      const { rows } = await set.read<{ n: number }>('select max(n) as n from counted')
      expect(rows[0]!.n).toBe(3)
    })
    await until(() => server('replica2').ejectedFor === 'other-timeline', 'who follows the dead is ejected')
    await second.follow(first)
    await until(() => server('replica2').serving, 'it follows the new primary')
    await set.withSession(undefined, async () => {
      await set.write('insert into counted values (4)')
      const { rows } = await set.read<{ n: number }>('select max(n) as n from counted')
      expect(rows[0]!.n).toBe(4)
    })
  }, 180_000)

  it('leaves reads to the replicas, also those of a session that cannot be kept, where the caller allows stale ones', async () => {
    await start(1)
    await set.withSession(undefined, async () => {
      await set.write('insert into counted values (1)')
      await cluster.replicas[0]!.pauseReplay()
      await set.write('insert into counted values (2)')
      expect((await set.read<{ n: number }>('select max(n) as n from counted')).rows[0]!.n).toBe(2)
      await cluster.primary.kill()
      await until(() => !server('primary').serving, 'its end is noticed')
      await expect(set.read('select max(n) from counted')).rejects.toThrow()
      const { rows } = await set.read<{ n: number }>('select count(*)::int as n from counted', [], { allowStale: true })
      expect(rows[0]!.n).toBeLessThan(2)
      expect(set.state.counters.stale).toBe(1)
    })
  }, 180_000)
})
