import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PlainPool } from '../plain-pool.ts'
import { ReplicaSet } from './replica-set.ts'
import { startCluster, until } from './testing/cluster.ts'
import type { Cluster } from './testing/cluster.ts'

/** Every commit shows on the replicas so much later: each immediate read of one would be stale. */
const applyDelay = '30ms'
const users = 10
const writesEach = 50

describe('replicas that are always behind', () => {
  let cluster: Cluster
  let set: ReplicaSet<PlainPool>
  beforeAll(async () => {
    cluster = await startCluster(2, { settings: { recovery_min_apply_delay: applyDelay } })
    const tokenKeys = ['a key for tests that is long enough to be one']
    set = new ReplicaSet(cluster.pools, { tokenKeys, waitMs: 2000, probeTimeoutMs: 10_000 })
    await set.write('create table account (id int primary key, version int)')
    await set.write(`insert into account select generate_series(0, ${users}), 0`)
    const count = `select count(*)::int as n from account`
    for (const { pool } of [cluster.pools['replica1']!, cluster.pools['replica2']!]) {
      await until(async () => {
        const seen = await pool.query<{ n: number }>(count)
        return seen.rows[0]!.n === users + 1
      }, 'the table is replicated')
    }
    await until(() => set.state.servers.every(({ serving }) => serving), 'all serve')
  }, 180_000)
  afterAll(async () => {
    set.close()
    await cluster.end()
  })

  const versionOf = async (pool: Pick<ReplicaSet, 'read'>, user: number) =>
    (await pool.read<{ version: number }>('select version from account where id = $1', [user])).rows[0]!.version

  it('answer with the past when they are read without a session', async () => {
    const read = `select version from account where id = 0`
    let version = 0
    await until(async () => {
      await set.write('update account set version = $1 where id = 0', [++version])
      return (await cluster.pools['replica1']!.query<{ version: number }>(read)).rows[0]!.version < version
    }, 'a read of the replica is stale')
    expect((await set.write<{ version: number }>(read)).rows[0]!.version).toBe(version)
  })

  it('never answer 500 read-your-writes with the past, within a request and across requests', async () => {
    const before = set.state.counters
    const stale: string[] = []
    const check = (user: number, seen: number, written: number) => {
      if (seen !== written) stale.push(`user ${user} wrote ${written} and read ${seen}`)
    }
    const visits = async (user: number) => {
      let token: string | undefined
      for (let version = 1; version <= writesEach; version++) {
        token = await set.withSession(token, async () => {
          check(user, await versionOf(set, user), version - 1)
          await set.write('update account set version = $2 where id = $1', [user, version])
          check(user, await versionOf(set, user), version)
          return await set.sessionToken()
        })
      }
    }
    await Promise.all(Array.from({ length: users }, async (_, at) => await visits(at + 1)))
    expect(stale).toEqual([])
    const after = set.state.counters
    const onReplicas = after.replica + after['caught-up'] - before.replica - before['caught-up']
    const reads = users * writesEach * 2
    const onPrimary = after.behind + after.panic - before.behind - before.panic
    expect(onReplicas + onPrimary).toBe(reads)
    // The promise is kept by waiting, and not by reading on the primary.
    expect(onReplicas).toBeGreaterThan(reads * 0.5)
  }, 180_000)

  it('are not waited for beyond the bound: then the primary answers', async () => {
    const impatient = new ReplicaSet(cluster.pools, { waitMs: 5, probeTimeoutMs: 10_000 })
    await impatient.ready
    for (const replica of cluster.replicas) await replica.pauseReplay()
    await impatient.withSession(undefined, async () => {
      await impatient.write('update account set version = 77 where id = 2')
      expect(await versionOf(impatient, 2)).toBe(77)
    })
    const { counters } = impatient.state
    expect([counters.behind + counters.panic, counters.replica + counters['caught-up']]).toEqual([1, 0])
    impatient.close()
  }, 60_000)
})
