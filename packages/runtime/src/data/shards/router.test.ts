import { Pool } from 'pg'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Context, type Ctx } from '../../context.ts'
import type { Queryable } from '../queryable.ts'
import { poolQueryable } from '../testing/pool-queryable.ts'
import { createDirectory } from './directory.ts'
import { ShardRouter } from './router.ts'

const names = ['a', 'b', 'c']
let server: PostgresServer
let pools: Pool[]
let shards: Record<string, Queryable>

beforeAll(async () => {
  server = await startPostgres()
  pools = []
  shards = {}
  for (const name of names) {
    const pool = new Pool({ connectionString: await server.createDatabase(`shard_${name}`), max: 3 })
    await pool.query('create table orders (bucket int, id int primary key, customer int, total int)')
    pools.push(pool)
    shards[name] = poolQueryable(pool)
  }
  await createDirectory(shards['a']!, names, 64)
})

afterAll(async () => {
  await Promise.all(pools.map(pool => pool.end()))
  await server.stop()
})

describe('a shard router', () => {
  test('finds what it wrote, every customer on one shard and all shards in use', async () => {
    const router = newRouter()
    for (let id = 0; id < 120; id++) {
      const customer = id % 40
      await router.run(customer, (shard, bucket) =>
        shard.query('insert into orders values ($1, $2, $3, $4)', [bucket, id, customer, (id * 7) % 50]),
      )
    }
    for (let customer = 0; customer < 40; customer++) {
      const { rows } = await router.query<{ id: number }>(
        customer,
        'select id from orders where customer = $1 order by id',
        [customer],
      )
      expect(rows.map(({ id }) => id)).toEqual([customer, customer + 40, customer + 80])
    }
    const counts = await Promise.all(pools.map(pool => pool.query('select from orders')))
    expect(counts.every(({ rowCount }) => rowCount! > 0)).toBe(true)
  })

  test('merges the pages of all shards into one, page after page', async () => {
    const router = newRouter()
    const seen: { total: number; id: number }[] = []
    for (let after: { total: number; id: number } | undefined; ;) {
      const page = await router.page<{ total: number; id: number }>({
        order: [{ name: 'total', descending: true }, { name: 'id' }],
        limit: 25,
        statement: buckets => ({
          text: `select total, id from orders where bucket = any($1)
                 and ($2::int is null or total < $2 or (total = $2 and id > $3)) order by total desc, id limit 25`,
          values: [buckets, after?.total ?? null, after?.id ?? null],
        }),
      })
      seen.push(...page)
      if (page.length < 25) break
      after = page.at(-1)
    }
    expect(seen).toHaveLength(120)
    expect(seen).toEqual(seen.toSorted((a, b) => b.total - a.total || a.id - b.id))
  })

  test('asks no more shards at a time than it may, and fails as a whole', async () => {
    let [now, most] = [0, 0]
    const counting = Object.fromEntries(
      names.map(name => [
        name,
        {
          async query() {
            most = Math.max(most, ++now)
            await Promise.resolve()
            now--
            if (name === 'c') throw new Error('c is down')
            return { rows: [], rowCount: 0, command: '', oid: 0, fields: [] }
          },
        },
      ]),
    )
    const router = new ShardRouter({ shards: counting, directory: shards['a']!, concurrency: 1 })
    await expect(router.scatter(() => ({ text: 'select 1' }))).rejects.toThrow('c is down')
    expect(most).toBe(1)
  })

  test('asks no further shard once one has failed, and gives up those it is asking', async () => {
    const asked: string[] = []
    const left: string[] = []
    const failing = Object.fromEntries(
      names.map(name => [
        name,
        {
          query(_statement: unknown, _values: unknown, ctx?: Ctx) {
            asked.push(name)
            if (asked.length === 2) return Promise.reject(new Error('down'))
            return new Promise<never>((_resolve, reject) => {
              ctx!.onCancel(reason => {
                left.push(name)
                reject(reason as Error)
              })
            })
          },
        },
      ]),
    )
    const router = new ShardRouter({ shards: failing, directory: shards['a']!, concurrency: 2 })
    await expect(router.scatter(() => ({ text: 'select 1' }))).rejects.toThrow('down')
    expect(asked).toHaveLength(2)
    expect(left).toEqual([asked[0]])
  })

  test('asks nobody when the caller has left', async () => {
    const context = new Context()
    context.cancel('gone')
    await expect(newRouter().scatter(() => ({ text: 'select 1' }), context)).rejects.toBe('gone')
  })

  test('names a shard that this process was not told of', async () => {
    const router = new ShardRouter({ shards: { a: shards['a']! }, directory: shards['a']! })
    await expect(router.scatter(() => ({ text: 'select 1' }))).rejects.toMatchObject({
      code: 'FAULT_SHARD_PLAN',
      hint: 'give every process the new shard before any bucket moves to it',
    })
  })

  test('says that a directory was never created', async () => {
    const router = new ShardRouter({ shards, directory: shards['b']! })
    await expect(router.bucketOf('x')).rejects.toThrow('whetstone_shard_buckets')
  })
})

function newRouter(): ShardRouter {
  return new ShardRouter({ shards, directory: shards['a']! })
}
