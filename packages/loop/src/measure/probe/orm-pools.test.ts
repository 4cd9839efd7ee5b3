/** The pools of ORMs: requests that queue for a connection are seen to queue, and not to work. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { bookDatabase, lineOf, observe, runFixture } from './testing/observe-fixture.ts'

let postgres: PostgresServer
let databaseUrl: string
beforeAll(async () => {
  postgres = await startPostgres()
  databaseUrl = await bookDatabase(postgres)
})
afterAll(async () => await postgres?.stop())

describe.each([
  ['Sequelize', 'probe-express4/http-sequelize-pool.mjs'],
  ['Knex', 'probe-services/http-knex-pool.mjs'],
])('the pool of %s', (_, file) => {
  test('is seen with its size, its queue, and the requests that waited in it', async () => {
    const seen = await observe({ file, databaseUrl }, [['/1', '/2', '/3', '/4']])
    expect(seen.answers).toEqual(Array.from({ length: 4 }, () => 'slept'))
    expect(seen.warnings).toEqual([])
    const pools = seen.evidence.runtime.processes.flatMap(process => process.pools)
    expect(pools).toMatchObject([
      { driver: 'pg', maxConnections: 1, acquireTimeoutMs: 5_000, acquisitions: 4, waits: 3 },
    ])
    // The second waits for one sleep of 100 ms, the third for two, the fourth for three.
    expect(pools[0]!.waitMs).toBeGreaterThan(500)
    expect(pools[0]!.peakWaiting).toBeGreaterThanOrEqual(2)
    const [frame] = pools[0]!.site ?? []
    expect(`${frame?.file}:${frame?.line}`).toBe(lineOf(file, 'pool'))
    const waited = seen.evidence.traces.routes.reduce((sum, route) => sum + route.requestsThatWaited, 0)
    expect(waited).toBe(3)
  })
})

describe.each([
  ['sequelize', 'probe-express4/http-sequelize-held.mjs'],
  ['knex', 'probe-services/http-knex-held.mjs'],
  ['typeorm', 'probe-services/http-typeorm-held.mjs'],
])('connections of %s that are not given back', (madeBy, file) => {
  test('are named by the line that took them, in the pool of the library that keeps it', async () => {
    const running = await runFixture({ file, databaseUrl })
    try {
      for (const path of ['/back', '/forget', '/back', '/forget', '/back']) await running.ask(path)
      // Connections count as kept when they have not been used for two seconds.
      await vi.waitFor(
        async () => {
          await running.receiver.flush()
          const { runtime, statements } = running.receiver.evidence()
          const pools = runtime.processes.flatMap(process => process.pools)
          expect(pools).toMatchObject([
            { madeBy, maxConnections: 9, held: [{ connections: 2, outlived: 2, site: expect.anything() }] },
          ])
          const { site, statementId } = pools[0]!.held![0]!
          expect(`${site![0]!.file}:${site![0]!.line}`).toBe(lineOf(file, 'taken'))
          expect(statements.statements.find(({ id }) => id === statementId)?.text).toMatch(/from "?author"? where/)
          const [frame] = pools[0]!.site ?? []
          expect(`${frame?.file}:${frame?.line}`).toBe(lineOf(file, 'pool'))
        },
        { timeout: 20_000, interval: 200 },
      )
    } finally {
      await running.stop()
    }
  })
})

test.each([
  ['probe-prisma/http-prisma.ts', 'prisma'],
  ['probe-services/http-drizzle.mjs', undefined],
])('the pg.Pool of %s is known by who made it', async (file, madeBy) => {
  const { evidence } = await observe({ file, databaseUrl }, ['/author/1'])
  const pools = evidence.runtime.processes.flatMap(process => process.pools)
  expect(pools.map(pool => pool.madeBy)).toEqual([madeBy])
})
