/** One small service for every framework and driver the probe knows, as ES module and as CommonJS: route, statement and exact line. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { bookDatabase, lineOf, observe, usesOf } from './testing/observe-fixture.ts'

let postgres: PostgresServer
let databaseUrl: string
beforeAll(async () => {
  postgres = await startPostgres()
  databaseUrl = await bookDatabase(postgres)
})
afterAll(async () => await postgres?.stop())

interface Expectation {
  readonly file: string
  readonly path?: string
  /** Posted to the path. Default: the path is got. */
  readonly json?: unknown
  readonly route: string
  readonly text: string
  readonly issuedBy?: string
  /** Comments at the lines of the site's frames, innermost first. Default: only `statement`. */
  readonly lines?: readonly string[]
  readonly answer?: string
}
const plain = 'select name from author where id = $1'
const byPath = { path: '/authors/7', route: 'GET /authors/:id' }

const expectations: readonly Expectation[] = [
  { file: 'probe-services/express5-pg.mjs', ...byPath, text: plain },
  {
    file: 'probe-services/express5-pg.mjs',
    path: '/shelf/7/books',
    route: 'GET /shelf/:id/books',
    text: 'select title from book where author_id = $1',
    lines: ['mounted'],
    answer: '',
  },
  {
    file: 'probe-services/express5-pg.mjs',
    path: '/by/7/books',
    route: 'GET /by/:author/books',
    text: 'select id from book where author_id = $1',
    lines: ['parameter'],
    answer: '',
  },
  { file: 'probe-express4/express4-pg.mjs', ...byPath, text: plain },
  {
    file: 'probe-express4/express4-pg.mjs',
    path: '/by/7/books',
    route: 'GET /by/:author/books',
    text: 'select id from book where author_id = $1',
    lines: ['parameter'],
    answer: '',
  },
  { file: 'probe-services/koa-pg.mjs', path: '/api/authors/7', route: 'GET /api/authors/:id', text: plain },
  { file: 'probe-services/nest-pg.ts', ...byPath, text: plain, lines: ['statement', 'caller'] },
  { file: 'probe-services/nest-fastify-pg.ts', ...byPath, text: plain, lines: ['statement', 'caller'] },
  { file: 'probe-fastify4/fastify4-pg.mjs', ...byPath, text: plain },
  {
    file: 'probe-fastify4/fastify4-pg.mjs',
    path: '/by/7/books',
    route: 'GET /by/:author/books',
    text: 'select id from book where author_id = $1',
    lines: ['prefixed'],
    answer: '',
  },
  { file: 'probe-services/http-pg.mjs', ...byPath, text: plain },
  {
    file: 'probe-services/graphql-kysely.mjs',
    path: `/graphql?query=${encodeURIComponent('query OneAuthor { author(id: 7) { name } }')}`,
    route: 'GET /graphql OneAuthor',
    text: 'select "name" from "author" where "id" = $1',
    issuedBy: 'kysely',
    answer: '{"data":{"author":{"name":"author 7"}}}',
  },
  {
    file: 'probe-services/apollo-pg.mjs',
    path: '/',
    json: { query: 'query OneAuthor($id: Int!) { author(id: $id) { name } }', variables: { id: 7 } },
    route: 'POST / OneAuthor',
    text: 'select id, name from author where id = $1',
    answer: '{"data":{"author":{"name":"author 7"}}}\n',
  },
  {
    file: 'probe-services/apollo-pg.mjs',
    path: '/',
    json: { query: '{ author(id: 7) { books { title } } }' },
    route: 'POST / {author}',
    text: 'select title from book where author_id = $1',
    lines: ['field'],
    answer: '',
  },
  {
    file: 'probe-services/http-postgres.mjs',
    ...byPath,
    text: 'select name from author where id = $1 and name is not null',
    lines: ['statement', 'caller'],
    answer: '[{"name":"author 7"},{"books":400},null]',
  },
  {
    file: 'probe-services/http-postgres.mjs',
    ...byPath,
    text: 'select count(*)::int as books from book where id > $1',
    lines: ['unsafe', 'caller'],
    answer: '',
  },
  {
    file: 'probe-services/http-postgres.mjs',
    ...byPath,
    text: 'update author set name = name where id = $1',
    lines: ['transaction'],
    answer: '',
  },
  {
    file: 'probe-services/http-knex.mjs',
    ...byPath,
    text: 'select "name" from "author" where "id" = $1 limit $2',
    issuedBy: 'knex',
  },
  {
    file: 'probe-services/http-drizzle.mjs',
    ...byPath,
    text: 'select "name" from "author" where "author"."id" = $1',
    issuedBy: 'drizzle-orm',
  },
  {
    file: 'probe-services/http-typeorm.mjs',
    ...byPath,
    text: 'SELECT "author"."id" AS "author_id", "author"."name" AS "author_name" FROM "author" "author" WHERE (("author"."id" = $1)) LIMIT $2',
    issuedBy: 'typeorm',
  },
  { file: 'probe-services/http-slonik.mjs', ...byPath, text: plain, issuedBy: 'slonik' },
  {
    file: 'probe-prisma/http-prisma.ts',
    ...byPath,
    text: 'SELECT "public"."author"."id", "public"."author"."name" FROM "public"."author" WHERE ("public"."author"."id" = $1 AND $2=$3) LIMIT $4 OFFSET $5',
    issuedBy: 'prisma',
    lines: ['statement', 'caller'],
    answer: '[{"name":"author 7"},20,null]',
  },
  {
    file: 'probe-prisma/http-prisma.ts',
    ...byPath,
    text: 'SELECT "public"."book"."id", "public"."book"."title", "public"."book"."author_id" FROM "public"."book" WHERE "public"."book"."author_id" IN ($1) OFFSET $2',
    issuedBy: 'prisma',
    lines: ['relation', 'caller'],
    answer: '',
  },
  {
    file: 'probe-prisma/http-prisma.ts',
    ...byPath,
    text: 'UPDATE "public"."author" SET "name" = $1 WHERE "public"."author"."id" = $2',
    issuedBy: 'prisma',
    lines: ['transaction'],
    answer: '',
  },
  {
    file: 'probe-express4/express4-sequelize.mjs',
    ...byPath,
    text: 'SELECT "name" FROM "author" AS "author" WHERE "author"."id" = $1',
    issuedBy: 'sequelize',
  },
]

const forms = [
  { form: 'as an ES module', commonJs: false },
  { form: 'as CommonJS', commonJs: true },
]

describe.each(forms)('$form', ({ commonJs }) => {
  test.each(expectations)(
    '$file $route: $text',
    async ({ file, path, json, route, text, issuedBy, lines = ['statement'], answer = '{"name":"author 7"}' }) => {
      const request = json === undefined ? path! : { path: path!, json }
      const seen = await observe({ file, databaseUrl, commonJs }, [request, request, request])
      expect(seen.warnings).toEqual([])
      if (answer !== '') expect(seen.answers[0]).toBe(answer)
      expect(seen.evidence.traces.routes.map(one => `${one.route} ${one.requests}`)).toEqual([`${route} 3`])
      const uses = usesOf(seen, route)
      const use = uses.find(one => one.text === text)
      expect(uses.map(one => one.text)).toContain(text)
      expect(use?.places.slice(0, lines.length)).toEqual(lines.map(comment => lineOf(file, comment)))
      expect(use).toMatchObject({ calls: 3, requests: 3, errors: 0 })
      expect(use?.issuedBy).toBe(issuedBy)
    },
  )
})

test('routes of Koa are known before it has made the handler of its first request', async () => {
  const seen = await observe({ file: 'probe-services/koa-lazy.mjs' }, [])
  expect(seen.warnings).toEqual([])
  expect(seen.routes.map(one => `${one.method} ${one.pattern}`)).toEqual([
    'ALL /health',
    'GET /books',
    'GET /books/:id',
  ])
})
