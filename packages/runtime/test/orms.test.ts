/** The pool beneath the query builders and ORMs people use: they work, within its limits. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pool } from '../src/data/index.ts'
import type { Leak, PgDriver, PoolOptions } from '../src/data/index.ts'
import { startTestServer, until } from '../src/data/pool/testing/server.ts'
import type { TestServer } from '../src/data/pool/testing/server.ts'

/** What each fixture makes of the pool. */
interface Service {
  find(id: number): Promise<{ readonly name: string } | undefined>
  rename(id: number, name: string, fails: boolean): Promise<void>
  limit(): Promise<string>
  close(): Promise<void>
}
type Open = (pool: Pool, driver: PgDriver, max: number) => Service | Promise<Service>

const fixtures = (await import(
  new URL('../../../fixtures/probe-services/through-pool.mjs', import.meta.url).href
)) as Record<'kysely' | 'drizzle' | 'knex' | 'knexOwnPool', Open> & { typeorm(driver: PgDriver): Promise<Service> }
const { sequelize } = (await import(
  new URL('../../../fixtures/probe-express4/through-pool.mjs', import.meta.url).href
)) as { sequelize: Open }

const max = 4
const open: Readonly<Record<string, Open>> = {
  Kysely: fixtures.kysely,
  Drizzle: fixtures.drizzle,
  Knex: fixtures.knex,
  'Knex with its own pool': fixtures.knexOwnPool,
  TypeORM: async (_, driver) => await fixtures.typeorm(driver),
  Sequelize: sequelize,
}

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await server.look(
    `create table author (id int primary key, name text); insert into author select i, 'author ' || i from generate_series(1, 100) i`,
  )
})
afterAll(async () => await server.stop())

describe.each(Object.entries(open))('%s', (name, openService) => {
  async function withService(use: (service: Service, pool: Pool) => Promise<void>, options: PoolOptions = {}) {
    const pool = new Pool({
      ...{ connectionString: server.postgres.url, application_name: name, max, statementTimeoutMs: 12_000 },
      ...{ acquireTimeoutMs: 20_000, connectTimeoutMs: 20_000, endTimeoutMs: 2_000, ...options },
    })
    // For TypeScript too it stands where a `pg.Pool` may.
    const service = await openService(pool satisfies pg.Pool, pool.driver(), max)
    try {
      await use(service, pool)
    } finally {
      await service.close()
    }
    expect(pool.stats()).toMatchObject({ inUse: 0, waiting: 0, size: 0, leaks: 0 })
  }

  it('reads and writes through the pool, within its limits', async () => {
    await withService(async (service, pool) => {
      const found = await Promise.all(Array.from({ length: 60 }, async (_, index) => await service.find(index + 1)))
      expect(found.map(author => author?.name)).toEqual(Array.from({ length: 60 }, (_, index) => `author ${index + 1}`))
      const [sessions] = await server.look(
        `select count(*)::int as n from pg_stat_activity where application_name = $1`,
        [name],
      )
      expect(sessions!['n']).toBeGreaterThan(0)
      expect(sessions!['n']).toBeLessThanOrEqual(max)
      expect(pool.stats().size).toBeLessThanOrEqual(max)
      expect(await service.limit()).toBe('12s')
    })
  })

  it('commits and rolls back', async () => {
    await withService(async service => {
      await service.rename(1, `renamed by ${name}`, false)
      await expect(service.rename(1, 'never', true)).rejects.toThrow('no')
      expect(await service.find(1)).toEqual({ name: `renamed by ${name}` })
      await service.rename(1, 'author 1', false)
    })
  })

  it('comes back after its backends were ended', async () => {
    await withService(async service => {
      await service.find(1)
      await server.look(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1`, [
        name,
      ])
      // What is sent to a connection before its loss is known is lost with it.
      const ids = [2, 3, 4, 5]
      await until(async () =>
        (await Promise.all(ids.map(async id => await service.find(id).catch(() => undefined)))).every(Boolean),
      )
      expect(await service.find(7)).toEqual({ name: 'author 7' })
    })
  })
})

it('a leak below a query builder is named by the line that uses it', async () => {
  await server.withPool({ leakAfterMs: 30 }, async pool => {
    const service = fixtures.kysely(pool, pool.driver(), max) as Service & {
      hold(until: Promise<unknown>): Promise<void>
    }
    const told = once(pool, 'leak') as Promise<[Leak]>
    const holding = service.hold(told)
    const [{ site }] = await told
    await holding
    const [, file, line] = /^(.*):(\d+):\d+$/.exec(site)!
    expect(file).toMatch(/through-pool\.mjs$/)
    expect((await readFile(file!, 'utf8')).split('\n')[Number(line) - 1]).toContain('// hold')
  })
})
