/** What is called a few times only has its place too: behind a query builder that runs when it is awaited, and after the warm-up. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { bookDatabase, lineOf, runFixture } from './testing/observe-fixture.ts'
import type { RunningFixture } from './testing/observe-fixture.ts'

const file = 'probe-services/http-drizzle-routes.mjs'
let postgres: PostgresServer
let running: RunningFixture

beforeAll(async () => {
  postgres = await startPostgres()
  running = await runFixture({ file, databaseUrl: await bookDatabase(postgres) })
})
afterAll(async () => {
  await running?.stop()
  await postgres?.stop()
})

async function ask(times: number, path: string): Promise<void> {
  for (let at = 1; at <= times; at++) await running.ask(`${path}/${at}`)
}

async function placesOf(route: string): Promise<readonly string[]> {
  await running.receiver.flush()
  const uses = running.receiver.evidence().statements.uses.filter(use => use.route === route)
  return uses.map(({ calls, site }) => `${calls} ${site?.map(({ file: at, line }) => `${at}:${line}`).join(' ')}`)
}

test('a route that is called for the first time after hundreds of others', async () => {
  await ask(200, '/authors')
  await ask(2, '/books')
  expect(await placesOf('GET /books/:id')).toEqual([expect.stringContaining(`2 ${lineOf(file, 'rarely')}`)])
})

test('a statement whose calls were all looked at during the warm-up', async () => {
  await ask(30, '/authors')
  await running.receiver.reset()
  await ask(2, '/authors')
  expect(await placesOf('GET /authors/:id')).toEqual([expect.stringContaining(`2 ${lineOf(file, 'often')}`)])
})
