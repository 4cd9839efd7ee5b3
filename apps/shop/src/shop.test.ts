import { createHook } from 'node:async_hooks'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { faults, parseFixes, type FaultId } from './faults.ts'
import { createShop, migrate, totalRows } from './schema.ts'
import { createServer } from './server.ts'
import { shopWorkload } from './workload.ts'

let postgres: PostgresServer
let slow: FastifyInstance
let fixed: FastifyInstance
let fixedUrl: string

const query = async (url: string, run: (client: pg.Client) => Promise<void>) => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await run(client).finally(() => client.end())
}

interface Watched {
  readonly statements: readonly string[]
  readonly connects: number
  readonly keyDerivationsAside: number
  readonly indexes: readonly string[]
  readonly encoding: unknown
}
interface Sign {
  readonly path: string
  /** How many ask at once; one alone meets no queue. */
  readonly together?: number
  readonly sign: (shop: Watched) => unknown
  readonly seen: { readonly slow: unknown; readonly fixed: unknown }
}

/** What an observer can tell the slow shop by. */
const signs: Readonly<Record<FaultId, Sign>> = {
  'n-plus-one': { path: '/orders', sign: shop => shop.statements.length, seen: { slow: 101, fixed: 2 } },
  'missing-index': {
    path: '/products/7/reviews',
    sign: shop => shop.indexes.some(index => /ON public\.reviews .*\(product_id/.test(index)),
    seen: { slow: false, fixed: true },
  },
  'keyset-pagination': {
    path: '/products',
    sign: shop => shop.statements.some(text => text.includes('OFFSET')),
    seen: { slow: true, fixed: false },
  },
  'select-needed-columns': {
    path: '/categories/3/products',
    sign: shop => shop.statements.some(text => text.startsWith('SELECT *')),
    seen: { slow: true, fixed: false },
  },
  'duplicate-queries': { path: '/account/5', sign: shop => shop.statements.length, seen: { slow: 3, fixed: 1 } },
  'limit-result-sets': {
    path: '/customers/2/activity',
    sign: shop => shop.statements.every(text => text.includes('LIMIT')),
    seen: { slow: false, fixed: true },
  },
  'connection-pooling': { path: '/stock/9', sign: shop => shop.connects, seen: { slow: 1, fixed: 0 } },
  'sync-io': { path: '/invoices/4', sign: shop => shop.keyDerivationsAside, seen: { slow: 0, fixed: 1 } },
  'response-compression': {
    path: '/catalogue/3',
    sign: shop => shop.encoding,
    seen: { slow: undefined, fixed: 'gzip' },
  },
  'pool-size': {
    path: '/cities/6',
    together: 4,
    sign: shop => shop.connects > 0,
    seen: { slow: false, fixed: true },
  },
}

async function watched(server: FastifyInstance, databaseUrl: string, url: string, together: number): Promise<Watched> {
  const indexes: string[] = []
  await query(databaseUrl, async client => {
    const { rows } = await client.query<{ indexdef: string }>('SELECT indexdef FROM pg_indexes')
    indexes.push(...rows.map(row => row.indexdef))
  })
  // The first connection of a pool is nobody's fault.
  await server.inject({ url: '/cities/1' })
  const [queries, connects] = [vi.spyOn(pg.Client.prototype, 'query'), vi.spyOn(pg.Client.prototype, 'connect')]
  let keyDerivationsAside = 0
  const derivations = new Set<number>()
  // Both forms make one; only that of the thread pool is called back.
  const hook = createHook({
    init: (id, type) => void (type === 'PBKDF2REQUEST' && derivations.add(id)),
    before: id => void (keyDerivationsAside += Number(derivations.has(id))),
  })
  hook.enable()
  try {
    const headers = { 'accept-encoding': 'gzip' }
    const [answer] = await Promise.all(Array.from({ length: together }, () => server.inject({ url, headers })))
    return {
      statements: queries.mock.calls.map(([text]) => String(text)),
      connects: connects.mock.calls.length,
      keyDerivationsAside,
      indexes,
      encoding: answer?.headers['content-encoding'],
    }
  } finally {
    hook.disable()
    vi.restoreAllMocks()
  }
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
  fixedUrl = await postgres.createDatabase('fixed', { template: postgres.database })
  await query(fixedUrl, client => migrate(client, fixes))
  slow = createServer(postgres.url, parseFixes(undefined))
  fixed = createServer(fixedUrl, fixes)
}, 120_000)

afterAll(async () => {
  await slow?.close()
  await fixed?.close()
  await postgres?.stop()
})

describe('the shop', () => {
  test('holds at least half a million rows', async () => {
    let rows = 0
    await query(postgres.url, async client => {
      for (const table of ['customers', 'categories', 'products', 'orders', 'order_items', 'reviews', 'activity']) {
        rows += Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${table}`)).rows[0]?.count)
      }
    })
    expect(rows).toBe(totalRows)
    expect(rows).toBeGreaterThanOrEqual(500_000)
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

  test.each(faults.map(fault => fault.id))('has the fault %s, and its switch takes it away', async id => {
    const { path, sign, together = 1 } = signs[id]
    const seen = {
      slow: sign(await watched(slow, postgres.url, path, together)),
      fixed: sign(await watched(fixed, fixedUrl, path, together)),
    }
    expect(seen).toEqual(signs[id].seen)
  })

  test('names the fault that a switch does not know', () => {
    expect(() => parseFixes('n-plus-one,n-plus-two')).toThrow("'n-plus-two' is no fault of the shop")
  })
})
