/** Named statements behind a PgBouncer that gives every transaction another connection: their failures are told from others. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startPgbouncer, startPostgres, type PgbouncerServer, type PostgresServer } from '@whetstone/sandbox'
import { bookDatabase, observe } from './testing/observe-fixture.ts'

let postgres: PostgresServer
let pooler: PgbouncerServer | undefined
let reason = ''
beforeAll(async () => {
  postgres = await startPostgres()
  await bookDatabase(postgres)
  const started = await startPgbouncer({ databaseUrl: postgres.url, poolSize: 3 })
  if (started.kind === 'pgbouncer') pooler = started
  else reason = started.reason
}, 400_000)
afterAll(async () => {
  await pooler?.stop()
  await postgres.stop()
})

it('counts what was refused because of a name, and nothing else', { timeout: 60_000 }, async context => {
  if (pooler === undefined) return context.skip(`not run: ${reason}`)
  const [major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(pooler.version)?.slice(1).map(Number) ?? []
  if (major > 1 || minor >= 21) return context.skip(`not run: ${pooler.version} keeps track of names`)
  const file = 'probe-services/http-pg-connections.mjs'
  const together = Array.from({ length: 12 }, () => '/named')
  const seen = await observe({ file, databaseUrl: pooler.url }, [together, together, together, '/page?size=nothing'])
  const refused = seen.answers.filter(answer => answer === '42P05' || answer === '26000').length
  const named = seen.evidence.statements.statements.find(({ text }) => text.includes('select title from book'))
  expect(refused).toBeGreaterThan(0)
  expect(named).toMatchObject({ named: true, nameErrors: refused })
  const other = seen.evidence.statements.statements.filter(statement => statement !== named)
  expect(other.filter(({ nameErrors }) => nameErrors !== undefined)).toEqual([])
})
