import { setTimeout as delay } from 'node:timers/promises'
import { type PostgresServer, startPostgres } from '@whetstone/sandbox'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Pool } from '../../data/pool/pool.ts'
import { Cache } from '../core/cache.ts'
import { busContract } from '../testing/bus-contract.ts'
import { leasesContract } from '../testing/leases-contract.ts'
import { tierContract } from '../testing/tier-contract.ts'
import { until } from '../testing/until.ts'
import { openWire } from '../testing/wire.ts'
import { postgresBus } from './postgres-bus.ts'
import { postgresLeases } from './postgres-leases.ts'
import { postgresShared } from './postgres-shared.ts'
import { postgresTier } from './postgres-tier.ts'
import { setUpPostgresCache, tablesOf } from './tables.ts'

let server: PostgresServer
let pool: pg.Pool
let own: Pool
let tables = 0
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startPostgres()
  pool = newPool(server.url)
  own = new Pool({ connectionString: server.url, max: 20 })
})

afterAll(async () => {
  for (const close of closing) await close()
  await pool?.end()
  await own?.end()
  await server?.stop()
})

function newPool(connectionString: string): pg.Pool {
  const made = new pg.Pool({ connectionString, max: 20 })
  made.on('error', () => undefined)
  return made
}

async function newTables(): Promise<string> {
  const table = `public.cache ${++tables}`
  await setUpPostgresCache(pool, table)
  await setUpPostgresCache(pool, table)
  return table
}

describe.each([
  ['pg', () => pool],
  ['our pool', () => own],
])('a tier in PostgreSQL by %s', (_, client) => {
  tierContract(async () => ({
    tier: postgresTier(client(), { table: await newTables() }),
    nowMs: () => Date.now(),
    pass: ms => delay(ms),
  }))
})

describe('leases in PostgreSQL', () => {
  leasesContract(async () => {
    const table = await newTables()
    const made = [postgresLeases(pool, { table }), postgresLeases(own, { table })] as const
    for (const leases of made) closing.push(() => leases.close())
    return { one: made[0], other: made[1] }
  })
})

let busTable = ''

describe('a bus over PostgreSQL', () => {
  busContract(
    async () => {
      busTable = await newTables()
      const wire = await openWire(Number(new URL(server.url).port))
      const url = new URL(server.url)
      url.port = String(wire.port)
      const far = newPool(url.href)
      return {
        near: postgresBus(pool, { table: busTable, checkEveryMs: 50 }),
        far: postgresBus(far, { table: busTable, checkEveryMs: 50 }),
        cut: () => wire.cut(),
        mend: () => wire.mend(),
        async close() {
          await far.end()
          await wire.close()
        },
      }
    },
    async () => {
      const { log, head } = tablesOf(busTable)
      await pool.query(`truncate ${log}, ${head}`)
    },
  )
})

describe('a cache in PostgreSQL', () => {
  test('is shared by two processes, and what is gone is removed', async () => {
    const table = await newTables()
    const shared = () => ({ ...postgresShared(pool, { table, cleanEveryMs: 0 }), timeoutMs: 5_000 })
    const [one, other] = [new Cache({ shared: shared() }), new Cache({ shared: shared() })]
    await Promise.all([one.ready(), other.ready()])
    expect(await one.getOrLoad('a', () => 'first', { ttlMs: 60_000 })).toBe('first')
    expect(await other.getOrLoad('a', () => 'unasked')).toBe('first')
    await one.invalidate('a')
    await until(() => other.get('a') === undefined)
    await one.getOrLoad('brief', () => 'brief', { ttlMs: 1 })
    const { entries } = tablesOf(table)
    await until(async () => {
      await one.set('other', 'value')
      return (await pool.query(`select from ${entries} where key = 'brief'`)).rowCount === 0
    })
    await Promise.all([one.close(), other.close()])
  })
})
