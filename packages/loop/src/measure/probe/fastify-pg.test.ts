/** The first slice of the probe: a Fastify service on `pg`, each statement with its route, its line and its numbers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { bookDatabase, lineOf, observe, usesOf } from './testing/observe-fixture.ts'
import type { Observed } from './testing/observe-fixture.ts'

const file = 'probe-services/fastify-pg.mjs'
let postgres: PostgresServer
let databaseUrl: string
let seen: Observed

beforeAll(async () => {
  postgres = await startPostgres()
  databaseUrl = await bookDatabase(postgres)
  seen = await observe({ file, databaseUrl }, [
    '/authors/1',
    '/authors/2/books',
    '/authors/2/books',
    '/twice',
    '/callback/3',
    '/transaction',
    '/failing',
    '/nowhere/12',
  ])
})
afterAll(async () => await postgres?.stop())

const byText = (route: string, text: string) => usesOf(seen, route).find(use => use.text === text)

describe('fastify and pg', () => {
  test('answers as without the probe', () => {
    expect(seen.answers[0]).toBe('{"name":"author 1"}')
    expect(seen.answers[4]).toBe('[{"name":"author 3"},{"count":"400"}]')
    expect(seen.warnings).toEqual([])
  })

  test('routes are named by their pattern, with the line that registers them', () => {
    expect(seen.routes.map(route => `${route.method} ${route.pattern}`)).toContain('GET /authors/:id/books')
    const names = seen.evidence.traces.routes.map(route => `${route.route} ${route.requests}/${route.errors}`)
    expect(names.toSorted()).toEqual([
      'GET (unmatched) 1/0',
      'GET /authors/:id 1/0',
      'GET /authors/:id/books 2/0',
      'GET /callback/:id 1/0',
      'GET /failing 1/1',
      'GET /transaction 1/0',
      'GET /twice 1/0',
    ])
  })

  test('a statement has its text, its rows and its exact line', () => {
    const use = byText('GET /authors/:id', 'select name from author where id = $1')
    expect(use).toMatchObject({ calls: 1, requests: 1, rows: 1, errors: 0 })
    expect(use?.places[0]).toBe(lineOf(file, 'author'))
  })

  test('a statement in a loop shows the helper and the loop, and how often it repeats in a request', () => {
    const use = byText('GET /authors/:id/books', 'select title from book where id = $1')
    expect(use).toMatchObject({ calls: 40, requests: 2, maxRepeatsInRequest: 20, duplicateCalls: 0 })
    expect(use?.places.slice(0, 2)).toEqual([lineOf(file, 'title'), lineOf(file, 'loop')])
  })

  test('the same statement with the same parameters is a duplicate', () => {
    expect(byText('GET /twice', 'select name from author where id = $1')).toMatchObject({
      calls: 3,
      requestsWithDuplicates: 1,
      duplicateCalls: 1,
    })
  })

  test('the keys a statement was asked for are known by number, in the order of time', () => {
    const { statements, reads } = seen.evidence.statements
    const author = statements.find(({ text }) => text === 'select name from author where id = $1')!
    const read = reads!.find(({ statementId }) => statementId === author.id)!
    expect(read).toMatchObject({ keyFraction: 1, keys: { length: read.atMs.length } })
    // Author 1, then three of which two are the same; what else reads authors adds its own.
    expect(read.keys.length - new Set(read.keys).size).toBeGreaterThanOrEqual(1)
    expect(read.atMs.toSorted((a, b) => a - b)).toEqual(read.atMs)
    expect(reads!.some(({ statementId }) => statements.find(({ id }) => id === statementId)?.text === 'BEGIN')).toBe(
      false,
    )
  })

  test('a query made in a callback belongs to its request', () => {
    expect(byText('GET /callback/:id', 'select count(*) from book')?.places[0]).toBe(lineOf(file, 'count'))
  })

  test('statements of a transaction share its number and connection', () => {
    const spans = seen.evidence.traces.traces
      .find(trace => trace.route === 'GET /transaction')
      ?.spans.filter(span => span.kind === 'query')
    expect(spans).toHaveLength(3)
    expect(new Set(spans?.map(span => `${span.connection}/${span.transaction}`)).size).toBe(1)
    expect(spans?.[0]?.transaction).toBeGreaterThan(0)
  })

  test('a query that fails is counted as an error', () => {
    expect(byText('GET /failing', 'select nothing from author')).toMatchObject({ calls: 1, errors: 1 })
  })

  test('waiting for a connection is told apart from the query, and counted once', () => {
    const spans = seen.evidence.traces.traces.find(trace => trace.route === 'GET /twice')?.spans ?? []
    const queries = spans.filter(span => span.kind === 'query')
    expect(queries).toHaveLength(3)
    expect(queries.filter(span => (span.poolWaitMs ?? 0) > 0)).not.toHaveLength(0)
    expect(seen.evidence.traces.routes.reduce((sum, route) => sum + route.connects, 0)).toBe(2)
    expect(seen.evidence.runtime.processes[0]?.pools[0]).toMatchObject({ driver: 'pg', maxConnections: 2, waits: 2 })
  })

  test('real parameters are kept in the order of the placeholders', () => {
    const statement = seen.evidence.statements.statements.find(({ text }) => text.startsWith('select title'))
    expect(statement?.parameters.length).toBeGreaterThan(3)
    expect(statement?.parameters[0]?.values).toHaveLength(1)
  })

  test("a plugin's own route is one, with and without its slash, in version 4 too", async () => {
    const mounted = await observe({ file: 'probe-fastify4/fastify4-pg.mjs', databaseUrl }, [
      '/by/7/books',
      '/by/7/books/',
    ])
    expect(mounted.routes.map(route => `${route.method} ${route.pattern}`)).toEqual([
      'GET /authors/:id',
      'GET /by/:author/books',
    ])
    expect(mounted.evidence.traces.routes.map(route => `${route.route} ${route.requests}`)).toEqual([
      'GET /by/:author/books 2',
    ])
  })
})
