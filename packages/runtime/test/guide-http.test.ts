/** The guide to HTTP caching, run as it is printed: each block of code, with real servers. */
import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { available, type PostgresServer, type RedisServer, startPostgres, startRedis } from '@whetstone/sandbox'
import { getRequestListener } from '@hono/node-server'
import Fastify, { type FastifyInstance } from 'fastify'
import { Hono } from 'hono'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ResponseCache } from '../src/cache/http/index.ts'
import type { Cache } from '../src/cache/index.ts'
import type { Placed, Sessions } from '../src/redis/index.ts'
import { GuideBlocks } from './guide-blocks.ts'

const express = createRequire(import.meta.url)('express') as () => Parameters<typeof createServer>[1]

let postgres: PostgresServer
let memory: RedisServer
let pool: pg.Pool
let guide: GuideBlocks
const environment = { ...process.env }

beforeAll(async () => {
  memory = available(await startRedis())
  postgres = await startPostgres()
  process.env['REDIS_URL'] = memory.url
  process.env['SESSION_KEY'] = 'a secret of at least 32 characters'
  pool = new pg.Pool({ connectionString: postgres.url })
  await pool.query(
    `create table product (id int primary key, name text, version int); insert into product values (7, 'cup', 1)`,
  )
  guide = await GuideBlocks.of('cache-http.md', {
    fastify: { default: Fastify },
    express: { default: express },
    hono: { Hono },
    ioredis: { Redis },
  })
}, 400_000)

afterAll(async () => {
  Object.assign(process.env, environment)
  await pool?.end()
  await Promise.all([postgres?.stop(), memory?.stop()])
})

test('who may keep what', async () => {
  const [presets] = guide.ofSection('Who may keep what')
  expect((await guide.run(presets!))['headers']).toEqual({
    logo: 'public, max-age=31536000, immutable',
    ranking: 'public, max-age=30, stale-while-revalidate=60, stale-if-error=3600',
    page: 'public, max-age=60, s-maxage=86400',
    orders: 'private, max-age=10',
    feed: 'public, no-cache',
    balance: 'no-store',
  })
})

test('Fastify', async () => {
  const [products] = guide.ofSection('Fastify')
  const { server } = (await guide.run(products!, { pool })) as { server: FastifyInstance }
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
  const [anonymous] = guide.ofSection("Never one user's answer for another")
  const { site } = (await guide.run(anonymous!)) as { site: FastifyInstance }
  const url = await site.listen({ host: '127.0.0.1', port: 0 })
  const asked = await fetch(`${url}/news`, { headers: { cookie: 'sid=1' } })
  expect(await asked.json()).toEqual({ seen: 'no cookie' })
  await site.close()
})

test('Express and Hono', async () => {
  const [onExpress, onHono] = guide.ofSection('Express and Hono')
  const { app } = (await guide.run(onExpress!)) as { app: Parameters<typeof createServer>[1] }
  const { app: hono } = (await guide.run(onHono!)) as { app: Hono }
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
  const [several] = guide.ofSection('Several processes')
  const processes = await Promise.all([1, 2].map(async () => await guide.run(several!)))
  const [one, other] = processes.map(({ responses }) => responses as ResponseCache)
  const asked = { method: 'GET', url: '/top', scheme: 'http', headers: { host: 'a' } } as const
  const step = await one!.ask(asked, false)
  const answer = { status: 200, headers: { 'cache-control': 'public, max-age=60' }, body: Buffer.from('made') }
  expect(step.kind === 'run' && (await step.lead!.keep(answer))).toBeUndefined()
  expect(await other!.ask(asked, false)).toMatchObject({ kind: 'answer', answer: { status: 200 } })
  for (const { store, redis: client } of processes) {
    await (store as Cache).close()
    ;(client as Redis).disconnect()
  }
})

test('sessions and leaderboards', async () => {
  const [sessions] = guide.ofSection('Sessions in Redis')
  const opened = await guide.run(sessions!)
  expect(opened['session']).toMatchObject({ data: { user: 7, cart: [] } })
  expect(await (opened['sessions'] as Sessions).get(opened['id'] as string)).toMatchObject({
    data: { cart: ['book'] },
  })
  const [board] = guide.ofSection('Leaderboards in Redis')
  const ranked = await guide.run(board!, { season: '2026-11', endsAtMs: Date.now() + 60_000 })
  const places = (listed: unknown) => (listed as readonly Placed[]).map(({ member, rank }) => `${member} ${rank}`)
  expect([places(ranked['best']), places(ranked['near'])]).toEqual([
    ['ann 1', 'bob 1', 'cid 3'],
    ['bob 1', 'cid 3'],
  ])
  for (const client of [opened['redis'], ranked['redis']]) (client as Redis).disconnect()
})

test('no block of code is left out', () => {
  expect(guide.leftOut()).toEqual([])
})
