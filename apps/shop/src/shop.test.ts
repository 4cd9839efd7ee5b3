import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faults, parseFixes } from './faults.ts'
import { createShop, migrate, totalRows } from './schema.ts'
import { createServer } from './server.ts'
import { shopWorkload } from './workload.ts'

let postgres: PostgresServer
let slow: FastifyInstance
let fixed: FastifyInstance

const query = async (url: string, run: (client: pg.Client) => Promise<void>) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await run(client).finally(() => client.end())
}

/** The same draw on every machine. */
function numbers(): () => number {
  let state = 7
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

beforeAll(async () => {
  postgres = await startPostgres()
  await query(postgres.url, createShop)
  const fixes = parseFixes('all')
  const url = await postgres.createDatabase('fixed', { template: postgres.database })
  await query(url, client => migrate(client, fixes))
  slow = createServer(postgres.url, parseFixes(undefined))
  fixed = createServer(url, fixes)
}, 120_000)

afterAll(async () => {
  await slow?.close()
  await fixed?.close()
  await postgres?.stop()
})

describe('the shop', () => {
  test('holds at least half a million rows and eight faults', async () => {
    let rows = 0
    await query(postgres.url, async client => {
      for (const table of ['customers', 'categories', 'products', 'orders', 'order_items', 'reviews', 'activity']) {
        rows += Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${table}`)).rows[0]?.count)
      }
    })
    expect(rows).toBe(totalRows)
    expect(rows).toBeGreaterThanOrEqual(500_000)
    expect(faults.length).toBeGreaterThanOrEqual(8)
  })

  test('gives the same answers slow and fixed, for 200 requests over every route', async () => {
    const paths = shopWorkload(numbers(), 16).flatMap(route => route.requests.map(request => request.path))
    expect(paths.length).toBeGreaterThanOrEqual(200)
    for (const url of paths) {
      const [one, other] = await Promise.all([slow.inject({ url }), fixed.inject({ url })])
      expect([url, other.statusCode, other.body]).toEqual([url, one.statusCode, one.body])
      expect(one.statusCode).toBe(200)
    }
  })

  test('names the fault that a switch does not know', () => {
    expect(() => parseFixes('n-plus-one,n-plus-two')).toThrow("'n-plus-two' is no fault of the shop")
  })
})
