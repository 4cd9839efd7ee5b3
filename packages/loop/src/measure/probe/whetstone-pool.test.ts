/** The pool of our own runtime, which is none of `pg`: it tells what `pg.Pool` is watched for. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { bookDatabase, lineOf, runFixture } from './testing/observe-fixture.ts'

let postgres: PostgresServer
let databaseUrl: string
beforeAll(async () => {
  postgres = await startPostgres()
  databaseUrl = await bookDatabase(postgres)
})
afterAll(async () => await postgres?.stop())

const file = 'probe-services/http-whetstone-pool.mjs'
// As installed: from a folder of packages, whose lines are never those of the service.
const nodeArguments = ['--conditions=@whetstone/source', '--preserve-symlinks', '--import', 'tsx']

test('its size, its queue, who waited in it and who kept a connection are seen', async () => {
  const running = await runFixture({ file, databaseUrl, nodeArguments })
  try {
    const answers = await Promise.all(['/1', '/2', '/3', '/4'].map(async path => await running.ask(path)))
    expect(answers).toEqual(Array.from({ length: 4 }, () => 'slept'))
    expect(await running.ask('/leak')).toBe('slept')
    const { receiver } = running
    await receiver.flush()
    const pools = receiver.evidence().runtime.processes.flatMap(process => process.pools)
    expect(pools).toMatchObject([
      {
        driver: 'pg',
        maxConnections: 2,
        acquireTimeoutMs: 5_000,
        statementTimeoutMs: 30_000,
        acquisitions: 5,
        waits: 2,
      },
    ])
    expect(pools[0]!.waitMs).toBeGreaterThan(500)
    expect(pools[0]).toMatchObject({ peakInUse: 2 })
    const [frame] = pools[0]!.site ?? []
    expect(`${frame?.file}:${frame?.line}`).toBe(lineOf(file, 'pool'))
    const { traces, statements } = receiver.evidence()
    expect(traces.routes.reduce((sum, route) => sum + route.requestsThatWaited, 0)).toBe(2)
    // Each sleep belongs to the request that asked for it, and not to the one whose connection it was given.
    const sleeps = statements.statements.filter(({ text }) => text.includes('pg_sleep')).map(({ id }) => id)
    const counts = traces.traces.map(
      ({ spans }) => spans.filter(span => sleeps.includes(span.statementId ?? '')).length,
    )
    expect(counts.toSorted()).toEqual([0, 1, 1, 1, 1])
    await expect
      .poll(
        async () => {
          await receiver.flush()
          return receiver
            .evidence()
            .runtime.processes.flatMap(process => process.pools.flatMap(({ held = [] }) => held))
        },
        { timeout: 20_000, interval: 200 },
      )
      .toMatchObject([
        { connections: 1, outlived: 1, site: [{ line: Number(lineOf(file, 'leak').split(':').at(-1)) }] },
      ])
  } finally {
    await running.stop()
  }
})
