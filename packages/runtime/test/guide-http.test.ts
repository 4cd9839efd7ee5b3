/** The guide to HTTP caching, run as it is printed: each block of code, with real servers. */
import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { readFile } from 'node:fs/promises'
import { type PostgresServer, type RedisServer, startPostgres, startRedis } from '@whetstone/sandbox'
import { getRequestListener } from '@hono/node-server'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import { Redis } from 'ioredis'
import pg from 'pg'
import typescript from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as cache from '../src/cache/index.ts'
import * as http from '../src/cache/http/index.ts'
import * as forExpress from '../src/cache/http/express.ts'
import * as forFastify from '../src/cache/http/fastify.ts'
import * as forHono from '../src/cache/http/hono.ts'
import * as cacheRedis from '../src/cache/redis/index.ts'
import * as redis from '../src/redis/index.ts'

const express = createRequire(import.meta.url)('express') as () => Parameters<typeof createServer>[1]

const modules: Readonly<Record<string, object>> = {
  '@whetstone/runtime/cache': cache,
  '@whetstone/runtime/cache/http': http,
  '@whetstone/runtime/cache/http/express': forExpress,
  '@whetstone/runtime/cache/http/fastify': forFastify,
  '@whetstone/runtime/cache/http/hono': forHono,
  '@whetstone/runtime/cache/redis': cacheRedis,
  '@whetstone/runtime/redis': redis,
  fastify: { default: Fastify },
  express: { default: express },
  hono: { Hono },
  ioredis: { Redis },
}

type Names = Readonly<Record<string, unknown>>

let postgres: PostgresServer
let memory: RedisServer
let pool: pg.Pool
let blocks: readonly { readonly heading: string; readonly code: string }[]
const ran = new Set<string>()
const environment = { ...process.env }

beforeAll(async () => {
  const started = await startRedis()
  if (started.kind === 'not-available') throw new Error(started.reason)
  memory = started
  postgres = await startPostgres()
  process.env['REDIS_URL'] = memory.url
  process.env['SESSION_KEY'] = 'a secret of at least 32 characters'
  pool = new pg.Pool({ connectionString: postgres.url })
  await pool.query(
    `create table product (id int primary key, name text, version int); insert into product values (7, 'cup', 1)`,
  )
  const guide = await readFile(new URL('../../../docs/guide/cache-http.md', import.meta.url), 'utf8')
  blocks = guide.split(/^## /m).flatMap(section => {
    const heading = section.slice(0, section.indexOf('\n'))
    return Array.from(section.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => ({ heading, code: code! }))
  })
}, 400_000)

afterAll(async () => {
  Object.assign(process.env, environment)
  await pool?.end()
  await Promise.all([postgres?.stop(), memory?.stop()])
})

test('who may keep what', async () => {
  const [presets] = ofSection('Who may keep what')
  expect((await run(presets!))['headers']).toEqual({
    logo: 'public, max-age=31536000, immutable',
    ranking: 'public, max-age=30, stale-while-revalidate=60, stale-if-error=3600',
    page: 'public, max-age=60, s-maxage=86400',
    orders: 'private, max-age=10',
    feed: 'public, no-cache',
    balance: 'no-store',
  })
})

test('Fastify', async () => {
  const [products] = ofSection('Fastify')
  const { server } = (await run(products!, { pool })) as { server: FastifyInstance }
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  const ask = async (headers: Record<string, string> = {}) => await fetch(`${url}/products/7`, { headers })
  const [first, second] = [await ask(), await ask()]
  expect([await first.json(), await second.json()]).toEqual(
    Array.from({ length: 2 }, () => ({ id: 7, name: 'cup', version: 1 })),
  )
  expect(second.headers.get('cache-status')).toContain('hit')
  expect((await ask({ 'if-none-match': second.headers.get('etag')! })).status).toBe(304)
  await fetch(`${url}/products/7/name`, { method: 'PUT', body: 'mug', headers: { 'content-type': 'text/plain' } })
  expect(await (await ask()).json()).toEqual({ id: 7, name: 'mug', version: 2 })
  await server.close()
})

test('never one user’s answer for another', async () => {
  const [anonymous] = ofSection('Never')
  const { site } = (await run(anonymous!)) as { site: FastifyInstance }
  const url = await site.listen({ host: '127.0.0.1', port: 0 })
  const asked = await fetch(`${url}/news`, { headers: { cookie: 'sid=1' } })
  expect(await asked.json()).toEqual({ seen: 'no cookie' })
  await site.close()
})

test('Express and Hono', async () => {
  const [onExpress, onHono] = ofSection('Express and Hono')
  const { app } = (await run(onExpress!)) as { app: Parameters<typeof createServer>[1] }
  const { app: hono } = (await run(onHono!)) as { app: Hono }
  const listener = getRequestListener(hono.fetch)
  for (const server of [createServer(app), createServer((request, response) => void listener(request, response))]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/top`
    const [, second] = [await fetch(url), await fetch(url)]
    expect(await second.json()).toEqual(['first', 'second'])
    expect(second.headers.get('cache-status')).toContain('hit')
    server.closeAllConnections()
    server.close()
  }
})

test('several processes', async () => {
  const [several] = ofSection('Several processes')
  const processes = await Promise.all([1, 2].map(async () => await run(several!)))
  const [one, other] = processes.map(({ responses }) => responses as http.ResponseCache)
  const asked = { method: 'GET', url: '/top', scheme: 'http', headers: { host: 'a' } } as const
  const step = await one!.ask(asked, false)
  const answer = { status: 200, headers: { 'cache-control': 'public, max-age=60' }, body: Buffer.from('made') }
  expect(step.kind === 'run' && (await step.lead!.keep(answer))).toBeUndefined()
  expect(await other!.ask(asked, false)).toMatchObject({ kind: 'answer', answer: { status: 200 } })
  for (const { store, redis: client } of processes) {
    await (store as cache.Cache).close()
    ;(client as Redis).disconnect()
  }
})

test('sessions and leaderboards', async () => {
  const [sessions] = ofSection('Sessions in Redis')
  const opened = await run(sessions!)
  expect(opened['session']).toMatchObject({ data: { user: 7, cart: [] } })
  expect(await (opened['sessions'] as redis.Sessions).get(opened['id'] as string)).toMatchObject({
    data: { cart: ['book'] },
  })
  const [board] = ofSection('Leaderboards in Redis')
  const ranked = await run(board!, { season: '2026-11', endsAtMs: Date.now() + 60_000 })
  const places = (listed: unknown) => (listed as readonly redis.Placed[]).map(({ member, rank }) => `${member} ${rank}`)
  expect([places(ranked['best']), places(ranked['near'])]).toEqual([
    ['ann 1', 'bob 1', 'cid 3'],
    ['bob 1', 'cid 3'],
  ])
  for (const client of [opened['redis'], ranked['redis']]) (client as Redis).disconnect()
})

test('no block of code is left out', () => {
  expect(blocks.filter(({ code }) => !ran.has(code))).toEqual([])
})

function ofSection(heading: string): readonly string[] {
  return blocks.filter(block => block.heading.startsWith(heading)).map(({ code }) => code)
}

/** @returns what the block has declared at its top */
async function run(code: string, names: Names = {}): Promise<Names> {
  ran.add(code)
  const declared = Array.from(code.matchAll(/^const (?:\{([^}]*)\}|(\w+))/gm), ([, list, one]) => list ?? one!)
  const asFunction = code
    .replace(/^import (\{[^}]*\}) from '([^']+)'$/gm, `const $1 = modules['$2']`)
    .replace(/^import (\w+) from '([^']+)'$/gm, `const $1 = modules['$2'].default`)
  const body = `return (async () => { {\n${asFunction}\nreturn { ${declared.join(', ')} }\n} })()`
  const script = typescript.transpile(`(function (${[...Object.keys(names), 'modules'].join(', ')}) { ${body} })`, {
    target: typescript.ScriptTarget.ES2022,
  })
  // The guide is ours: it is run as its reader would.
  // oxlint-disable-next-line eslint/no-eval
  return await ((0, eval)(script) as (...given: unknown[]) => Promise<Names>)(...Object.values(names), modules)
}
