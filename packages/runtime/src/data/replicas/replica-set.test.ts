import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queryableOf } from '../plain-pool.ts'
import { Pool as OwnPool } from '../pool/pool.ts'
import type { PlainPool } from '../plain-pool.ts'
import { probe } from './probe.ts'
import { ReplicaSet } from './replica-set.ts'
import { startCluster, until } from './testing/cluster.ts'
import type { Cluster } from './testing/cluster.ts'

const key = 'a key for tests that is long enough to be one'

describe('a set of a primary and two replicas', () => {
  let cluster: Cluster
  let set: ReplicaSet<PlainPool>
  beforeAll(async () => {
    cluster = await startCluster(2)
    set = new ReplicaSet(cluster.pools, { tokenKeys: [key], waitMs: 5000, probeTimeoutMs: 10_000 })
    await set.ready
    await set.write('create table note (id int primary key, text text)')
    await until(() => set.state.servers.every(({ serving }) => serving), 'all serve')
  }, 180_000)
  afterAll(async () => {
    set.close()
    await cluster.end()
  })

  const roleAt = async (run: () => Promise<{ rows: { recovering: boolean }[] }>) => (await run()).rows[0]!.recovering
  const role = 'select pg_is_in_recovery() as recovering'

  it('knows who is the primary without being told', () => {
    expect(set.state.primary).toBe('primary')
    expect(set.state.servers.map(({ name, role }) => [name, role])).toEqual([
      ['primary', 'primary'],
      ['replica1', 'replica'],
      ['replica2', 'replica'],
    ])
  })

  it('reads on replicas and writes on the primary', async () => {
    expect(await roleAt(async () => await set.read<{ recovering: boolean }>(role))).toBe(true)
    expect(await roleAt(async () => await set.write<{ recovering: boolean }>(role))).toBe(false)
  })

  it('sends a plain SELECT of a session to a replica, and to the primary where no session is', async () => {
    const before = set.state.counters
    await set.withSession(undefined, async () => await set.query('select count(*) from pg_class'))
    await set.query('select count(*) from pg_class')
    await set.withSession(
      undefined,
      async () => await set.query('select count(*) from pg_class for update').catch(() => 0),
    )
    const after = set.state.counters
    expect([after.replica - before.replica, after.primary - before.primary]).toEqual([1, 2])
  })

  it('reads within a session what the session wrote, on a replica', async () => {
    await set.withSession(undefined, async () => {
      await set.query('insert into note values ($1, $2)', [1, 'one'])
      const before = set.state.counters
      expect((await set.query('select text from note where id = $1', [1])).rows).toEqual([{ text: 'one' }])
      const { replica, 'caught-up': caughtUp } = set.state.counters
      expect(replica + caughtUp - before.replica - before['caught-up']).toBe(1)
    })
  })

  it('reads what a transaction on the pool of the primary has committed', async () => {
    await set.withSession(undefined, async () => {
      await set.onPrimary(async ({ pool }) => {
        const client = await pool.connect()
        try {
          await client.query('begin')
          await client.query(`insert into note values (2, 'two')`)
          await client.query('commit')
        } finally {
          client.release()
        }
      })
      expect((await set.read('select text from note where id = 2')).rows).toEqual([{ text: 'two' }])
    })
  })

  it('takes the session to the next request by a token', async () => {
    const token = await set.withSession(undefined, async () => {
      await set.write(`insert into note values (3, 'three')`)
      return await set.sessionToken()
    })
    expect(token).toMatch(/^1\.[\w.-]+$/)
    await set.withSession(token, async () => {
      expect((await set.read('select text from note where id = 3')).rows).toEqual([{ text: 'three' }])
      expect(await set.sessionToken()).toMatch(/^1\./)
    })
  })

  it('has no token for a session that wrote nothing', async () => {
    expect(await set.withSession(undefined, async () => await set.sessionToken())).toBeUndefined()
  })

  it('ignores a forged token and counts it', async () => {
    const before = set.state.counters.tokensRefused
    await set.withSession('1.1.zzzzzzzz.zzzzzzzz.AAAAAAAAAAAAAAAAAAAAAA', async () => {
      expect((await set.read('select 1 as one')).rows).toEqual([{ one: 1 }])
    })
    expect(set.state.counters.tokensRefused).toBe(before + 1)
  })

  it('runs on the primary what was called a read and writes', async () => {
    await set.read(`insert into note values (4, 'four')`)
    expect(set.state.counters.refusedAsWrites).toBe(1)
    expect((await set.write('select text from note where id = 4')).rows).toEqual([{ text: 'four' }])
  })

  it("gives a statement's own error back without trying it elsewhere", async () => {
    const before = set.state.counters.retried
    await expect(set.read('select * from missing')).rejects.toMatchObject({ code: '42P01' })
    expect(set.state.counters.retried).toBe(before)
  })

  it('knows the timeline of a replica also by a role that may see nothing of replication', async () => {
    await set.withSession(undefined, async () => {
      await set.write('create role guest login')
      await set.read('select 1')
    })
    for (const { url } of [cluster.primary, ...cluster.replicas]) {
      const guest = new Pool({ connectionString: url.replace('postgres@', 'guest@') })
      await until(async () => (await probe(queryableOf(guest))).timeline === 1, 'the guest is told')
      await guest.end()
    }
  })

  it("stands on the data layer's own pools, and runs their transactions on the primary", async () => {
    const servers = [cluster.primary, ...cluster.replicas].map(
      ({ url }) => new OwnPool({ connectionString: url, max: 4 }),
    )
    const own = new ReplicaSet(Object.fromEntries(servers.map((pool, at) => [`server${at}`, pool])), {
      waitMs: 5000,
      probeTimeoutMs: 10_000,
    })
    await own.withSession(undefined, async () => {
      await own.onPrimary(
        async pool => await pool.tx(async client => await client.query(`insert into note values (9, 'nine')`)),
      )
      expect((await own.query('select text from note where id = $1', [9])).rows).toEqual([{ text: 'nine' }])
    })
    const { replica, 'caught-up': caughtUp } = own.state.counters
    expect(replica + caughtUp).toBe(1)
    own.close()
    await Promise.all(servers.map(async pool => await pool.end()))
  })

  it('lets the primary take its part of the reads where that is asked for', async () => {
    const shared = new ReplicaSet(cluster.pools, { readsOnPrimary: true, probeTimeoutMs: 10_000 })
    await shared.ready
    await Promise.all(Array.from({ length: 60 }, async () => await shared.read('select 1')))
    shared.close()
    const { counters, servers } = shared.state
    expect(counters.shared + counters.replica).toBe(60)
    expect(servers.every(({ statements }) => statements > 0)).toBe(true)
  })

  it('tells on whetstone:replicas where a read went', async () => {
    const heard: unknown[] = []
    const listen = (event: unknown) => void heard.push(event)
    subscribe('whetstone:replicas', listen)
    await set.read('select 1')
    unsubscribe('whetstone:replicas', listen)
    expect(heard).toEqual([
      { cluster: 'main', kind: 'routed', node: expect.stringMatching(/^replica/) as string, why: 'replica' },
    ])
  })
})
