/** The probe must not be noticed by real frameworks and drivers either: same answers, same output, same end. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { ProbeReceiver } from './receiver.ts'
import { bookDatabase } from './testing/observe-fixture.ts'
import { seenFromOutside, type Call } from './testing/seen-from-outside.ts'

let postgres: PostgresServer
let databaseUrl: string
beforeAll(async () => {
  postgres = await startPostgres()
  databaseUrl = await bookDatabase(postgres)
})
afterAll(async () => await postgres?.stop())

const get = (path: string, headers?: Record<string, string>): Call => ({
  method: 'GET',
  path,
  ...(headers && { headers }),
})
/** A row, a cached row, nothing found, no such route, no such method, and an id that PostgreSQL refuses: the service may even die of that. */
const author: readonly Call[] = [
  get('/authors/7'),
  get('/authors/7', { 'accept-encoding': 'gzip' }),
  { method: 'HEAD', path: '/authors/7' },
  get('/authors/9999'),
  get('/nowhere'),
  { method: 'POST', path: '/authors/7', headers: { 'content-type': 'application/json' }, body: '{"broken' },
  get('/authors/seven'),
]
const graphql = (query: string, variables = {}): Call => ({
  method: 'POST',
  path: '/',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query, variables }),
})

const services: readonly (readonly [file: string, calls: readonly Call[]])[] = [
  ['probe-express4/express4-pg.mjs', [get('/shelf/7/books'), get('/by/7/books'), ...author]],
  ['probe-express4/express4-sequelize.mjs', author],
  ['probe-services/express5-pg.mjs', [get('/shelf/7/books'), get('/by/7/books'), ...author]],
  ['probe-fastify4/fastify4-pg.mjs', [get('/by/7/books'), ...author]],
  [
    'probe-services/fastify-pg.mjs',
    [get('/twice'), get('/callback/3'), get('/transaction'), get('/failing'), get('/authors/7/books'), ...author],
  ],
  ['probe-services/koa-pg.mjs', author.map(call => ({ ...call, path: `/api${call.path}` }))],
  ['probe-services/nest-pg.ts', author],
  ['probe-services/nest-fastify-pg.ts', author],
  [
    'probe-services/apollo-pg.mjs',
    [
      graphql('query One($id: Int!) { author(id: $id) { name } }', { id: 7 }),
      graphql('{ author(id: 7) { books { title } } }'),
      graphql('{ nobody }'),
      graphql('{ broken'),
    ],
  ],
  ['probe-services/graphql-kysely.mjs', [get(`/graphql?query=${encodeURIComponent('{ author(id: 7) { name } }')}`)]],
  ['probe-services/http-knex.mjs', author],
  ['probe-services/http-drizzle.mjs', author],
  ['probe-services/http-typeorm.mjs', author],
  ['probe-services/http-slonik.mjs', author],
  ['probe-services/http-postgres.mjs', author],
  ['probe-prisma/http-prisma.ts', author],
]

test.each(services)('%s is the same with and without the probe', async (file, calls) => {
  const env = { DATABASE_URL: databaseUrl }
  const without = await seenFromOutside(file, calls, env)
  const receiver = new ProbeReceiver({ level: 'trace' })
  const injection = await receiver.start()
  try {
    const watched = await seenFromOutside(file, calls, { ...env, ...injection.env }, async () => receiver.flush())
    expect(watched).toEqual(without)
    expect(receiver.warnings()).toEqual([])
    // It was there, and it did look.
    expect(receiver.evidence().traces.routes.length).toBeGreaterThan(0)
  } finally {
    await receiver.close()
  }
})
