import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Client, Pool } from 'pg'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Fault, isFault } from '../../fault.ts'
import type { Queryable } from '../queryable.ts'
import { poolQueryable } from '../testing/pool-queryable.ts'
import { createDirectory, readPlace } from './directory.ts'
import { moveBucket, type BucketMoveOptions, type MoveStep } from './move-bucket.ts'
import { bucketOf } from './placement.ts'
import { ShardRouter } from './router.ts'

const BUCKETS = 8
const LEASE_MS = 200
const schema = `
  create table accounts (bucket int not null, id int not null, balance int not null, primary key (bucket, id));
  create table entries (bucket int not null, id uuid not null default gen_random_uuid(), account int not null, amount int not null,
    primary key (bucket, id), foreign key (bucket, account) references accounts (bucket, id));`

let servers: PostgresServer[]
let pools: Pool[]
let shards: Record<'one' | 'two', Queryable>

beforeAll(async () => {
  servers = await Promise.all([1, 2].map(() => startPostgres({ settings: { wal_level: 'logical' } })))
  pools = servers.map(({ url }) => new Pool({ connectionString: url, max: 6 }))
  for (const pool of pools) {
    pool.on('error', () => undefined)
    await pool.query(schema)
  }
  shards = { one: poolQueryable(pools[0]!), two: poolQueryable(pools[1]!) }
})

afterAll(async () => {
  await Promise.all(pools.map(pool => pool.end()))
  await Promise.all(servers.map(server => server.stop()))
})

beforeEach(async () => {
  await pools[0]!.query('drop table if exists whetstone_shard_buckets')
  await createDirectory(shards.one, ['one', 'two'], BUCKETS)
  for (const shard of Object.values(shards)) {
    // The fence of an earlier move would refuse it.
    await shard.query(`do $$ declare t record; begin
      for t in select tgname, tgrelid::regclass as of from pg_trigger where tgname like 'whetstone_fence%' loop
        execute format('drop trigger %I on %s', t.tgname, t.of);
      end loop; end $$`)
    await shard.query('truncate accounts, entries')
  }
})

describe('moving a bucket', () => {
  test('under writes from two processes loses no row, doubles none, and nobody reads what is old', async () => {
    const { bucket, key, from, to } = await restingBucket()
    const routers = [newRouter(), newRouter()]
    for (let id = 0; id < 200; id++)
      await routers[0]!.query(key, 'insert into accounts values ($1, $2, 0)', [bucket, id])
    const stop = new AbortController()
    const written: string[] = []
    const balances = Array.from({ length: 4 }, () => 0)
    const stale: string[] = []

    const writer = async (number: number) => {
      const router = routers[number % 2]!
      while (!stop.signal.aborted) {
        const id = crypto.randomUUID()
        await router.query(
          key,
          `with added as (insert into entries values ($1, $2, $3, 1))
           update accounts set balance = balance + 1 where bucket = $1 and id = $3`,
          [bucket, id, number],
        )
        written.push(id)
        const expected = ++balances[number]!
        // Through the other process: what was acknowledged must be there.
        const { rows } = await routers[(number + 1) % 2]!.query<{ balance: number }>(
          key,
          'select balance from accounts where bucket = $1 and id = $2',
          [bucket, number],
        )
        if (rows[0]?.balance !== expected) stale.push(`${rows[0]?.balance} instead of ${expected}`)
      }
    }
    const scanner = async () => {
      while (!stop.signal.aborted) {
        const counts = await routers[0]!.scatter<{ count: number }>(buckets => ({
          text: 'select count(*)::int as count from accounts where bucket = any($1)',
          values: [buckets],
        }))
        const total = counts.flat().reduce((sum, { count }) => sum + count, 0)
        if (total !== 200) stale.push(`${total} accounts instead of 200`)
      }
    }
    const work = [...balances.map((_, number) => writer(number)), scanner()]
    const there = await moveBucket(options(bucket, from, to))
    const back = await moveBucket(options(bucket, to, from))
    const again = await moveBucket(options(bucket, from, to))
    stop.abort()
    await Promise.all(work)

    expect(stale).toEqual([])
    expect(written.length).toBeGreaterThan(50)
    expect(back.rows).toBeGreaterThan(there.rows)
    expect(again.rows).toBeGreaterThan(back.rows)
    const onTarget = await shards[to].query<{ id: string }>('select id from entries where bucket = $1', [bucket])
    expect(onTarget.rows.map(({ id }) => id).toSorted()).toEqual(written.toSorted())
    const left = await shards[from].query('select from entries where bucket = $1', [bucket])
    expect(left.rowCount).toBe(0)
    expect(await readPlace(shards.one, bucket)).toEqual({ shard: to })
    for (const shard of Object.values(shards))
      expect((await shard.query('select from pg_replication_slots')).rowCount).toBe(0)
  })

  test('leaves a process that slept through it no way to write to the old owner', async () => {
    const { bucket, from, to } = await restingBucket()
    await shards[from].query('insert into accounts values ($1, 1, 0)', [bucket])
    await moveBucket(options(bucket, from, to))
    const late = shards[from].query('insert into accounts values ($1, 2, 0)', [bucket])
    await expect(late).rejects.toMatchObject({ code: 'WS001' })
    await expect(shards[to].query('insert into accounts values ($1, 2, 0)', [bucket])).resolves.toBeDefined()
  })

  test('is taken back whole when it cannot go on: the bucket stays and can be written', async () => {
    const { bucket, key, from, to } = await restingBucket()
    await shards[from].query('insert into accounts select $1::int, g, 0 from generate_series(1, 100) g', [bucket])
    // Somebody writes to the target past the router: the two can never be the same.
    const step = { seen: [] as string[] }
    const moving = moveBucket({
      ...options(bucket, from, to),
      onStep(reached) {
        step.seen.push(reached)
        if (reached === 'copied') intrusion = shards[to].query('insert into accounts values ($1, 999, 7)', [bucket])
      },
    })
    let intrusion: Promise<unknown> | undefined
    const failure = await moving.catch((error: unknown) => error)
    await intrusion
    expect(isFault(failure) && [failure.code, failure.message]).toEqual([
      'FAULT_SHARD_MOVE',
      expect.stringContaining('accounts has 100 rows here and 101 there'),
    ])
    expect(await readPlace(shards.one, bucket)).toEqual({ shard: from })
    await newRouter().query(key, 'update accounts set balance = 1 where bucket = $1', [bucket])
    expect((await shards[to].query('select from accounts where bucket = $1', [bucket])).rowCount).toBe(0)
    for (const shard of Object.values(shards)) {
      expect((await shard.query('select from pg_replication_slots')).rowCount).toBe(0)
      expect((await shard.query('select from pg_publication')).rowCount).toBe(0)
      expect(
        (
          await shard.query(
            'select from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())',
          )
        ).rowCount,
      ).toBe(0)
    }
    expect(step.seen).toEqual(['announced', 'copied', 'fenced'])
  })

  test.each<[string, Partial<BucketMoveOptions>, RegExp]>([
    ['a table that is not there', { tables: ['nothing'] }, /no table nothing on the source/],
    ['a table without the bucket', { tables: ['accounts'], column: 'balances' }, /accounts has no column "balances"/],
    ['a column the log would not carry', { tables: ['accounts'], column: 'balance' }, /not in the replica identity/],
    ['no tables', { tables: [] }, /no tables were named/],
  ])('refuses %s before it touches anything', async (_, change, message) => {
    const { bucket, from, to } = await restingBucket()
    await expect(moveBucket({ ...options(bucket, from, to), ...change })).rejects.toThrow(message)
    expect(await readPlace(shards.one, bucket)).toEqual({ shard: from })
  })

  test('refuses a bucket that is elsewhere or already on its way', async () => {
    const { bucket, from, to } = await restingBucket()
    await expect(moveBucket(options(bucket, to, from))).rejects.toThrow(`at "${from}", not at rest at "${to}"`)
    const first = moveBucket(options(bucket, from, to))
    const second = moveBucket(options(bucket, from, to))
    const outcomes = await Promise.allSettled([first, second])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(await readPlace(shards.one, bucket)).toEqual({ shard: to })
  })

  test.each<MoveStep>(['announced', 'copied', 'fenced', 'verified'])(
    'goes through at the second call when the mover is killed at "%s", and no write is lost',
    async step => {
      const { bucket, key, from, to } = await restingBucket()
      const router = newRouter()
      await router.query(key, 'insert into accounts select $1::int, g, 0 from generate_series(1, 50) g', [bucket])
      await killedAt(step, options(bucket, from, to))
      expect(await readPlace(shards.one, bucket)).toEqual({ shard: from, movingTo: to })
      // Behind the fence it waits for the second call.
      const written = router.query(key, 'update accounts set balance = 1 where bucket = $1', [bucket])
      const moved = await moveBucket(options(bucket, from, to))
      await written
      expect(moved.rows).toBe(50)
      expect(await heldBy(bucket)).toEqual({ [to]: '50 rows, balance 50', [from]: '0 rows, balance 0' })
      expect(await replications()).toEqual([])
      expect(await readPlace(shards.one, bucket)).toEqual({ shard: to })
    },
  )

  test('is finished by the second call when the mover is killed after the switch', async () => {
    const { bucket, from, to } = await restingBucket()
    await shards[from].query('insert into accounts select $1::int, g, 1 from generate_series(1, 50) g', [bucket])
    await killedAt('switched', options(bucket, from, to))
    expect(await heldBy(bucket)).toEqual({ [to]: '50 rows, balance 50', [from]: '50 rows, balance 50' })
    expect((await moveBucket(options(bucket, from, to))).rows).toBe(50)
    expect(await heldBy(bucket)).toEqual({ [to]: '50 rows, balance 50', [from]: '0 rows, balance 0' })
    expect(await replications()).toEqual([])
    await expect(moveBucket(options(bucket, from, to))).rejects.toThrow(`at "${to}", not at rest at "${from}"`)
  })

  test('is taken back also when it was the pool of the directory that had no room', async () => {
    const { bucket, key, from, to } = await restingBucket()
    await newRouter().query(key, 'insert into accounts values ($1, 1, 0)', [bucket])
    const full = new Fault('FAULT_POOL_FULL', 'no room', { retryable: true })
    const directory: Queryable = {
      query: async (statement, values) => {
        if (typeof statement === 'string' && statement.includes('set shard =')) throw full
        return await shards.one.query(statement, values)
      },
    }
    const moving = moveBucket({ ...options(bucket, from, to), directory })
    await expect(moving).rejects.toMatchObject({ code: 'FAULT_SHARD_MOVE', cause: full })
    expect(await readPlace(shards.one, bucket)).toEqual({ shard: from })
    await newRouter().query(key, 'update accounts set balance = 1 where bucket = $1', [bucket])
    expect(await heldBy(bucket)).toEqual({ [from]: '1 rows, balance 1', [to]: '0 rows, balance 0' })
    expect(await replications()).toEqual([])
  })

  test('says what the source needs', async () => {
    const server = await startPostgres()
    const client = new Client({ connectionString: server.url })
    await client.connect()
    try {
      await client.query(schema)
      const { bucket, from, to } = await restingBucket()
      const source = { name: from, url: server.url }
      await expect(moveBucket({ ...options(bucket, from, to), from: source })).rejects.toThrow(
        'wal_level of the source is replica: it must be logical',
      )
    } finally {
      await client.end()
      await server.stop()
    }
  })
})

function newRouter(): ShardRouter {
  return new ShardRouter({ shards, directory: shards.one, leaseMs: LEASE_MS })
}

async function killedAt(step: MoveStep, move: BucketMoveOptions): Promise<void> {
  const mover = new URL('testing/doomed-mover.ts', import.meta.url).pathname
  const given = JSON.stringify({ ...move, directory: undefined, step, directoryUrl: servers[0]!.url })
  const child = spawn(process.execPath, ['--conditions=@whetstone/source', '--import', 'tsx', mover, given], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
}

async function heldBy(bucket: number): Promise<Record<string, string>> {
  const held = Object.entries(shards).map(async ([name, shard]) => {
    const { rows } = await shard.query<{ held: string }>(
      `select count(*) || ' rows, balance ' || coalesce(sum(balance), 0) as held from accounts where bucket = $1`,
      [bucket],
    )
    return [name, rows[0]!.held]
  })
  return Object.fromEntries(await Promise.all(held)) as Record<string, string>
}

/** Publications, slots and subscriptions of either shard. */
async function replications(): Promise<readonly string[]> {
  const left = Object.values(shards).map(async shard => {
    const { rows } = await shard.query<{ name: string }>(
      `select pubname as name from pg_publication union all select slot_name from pg_replication_slots
       union all select subname from pg_subscription`,
    )
    return rows.map(({ name }) => name)
  })
  return (await Promise.all(left)).flat()
}

async function restingBucket() {
  const key = 'customer-1'
  const bucket = bucketOf(key, BUCKETS)
  const from = (await readPlace(shards.one, bucket)).shard as 'one' | 'two'
  const to = from === 'one' ? 'two' : 'one'
  return { bucket, key, from, to } as const
}

function options(bucket: number, from: 'one' | 'two', to: 'one' | 'two'): BucketMoveOptions {
  const address = (name: 'one' | 'two') => ({ name, url: servers[name === 'one' ? 0 : 1]!.url })
  return {
    bucket,
    from: address(from),
    to: address(to),
    directory: shards.one,
    tables: ['accounts', 'entries'],
    leaseMs: LEASE_MS,
    copyTimeoutMs: 30_000,
  }
}
