/** The pools of ORMs: requests that queue for a connection are seen to queue, and not to work. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { bookDatabase, lineOf, observe } from './testing/observe-fixture.ts'

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
