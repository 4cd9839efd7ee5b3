import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import { type RedisServer, startRedis } from '@whetstone/sandbox'
import fc from 'fast-check'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Leaderboard, type LeaderboardOptions, type RedisClient, Sessions, type SessionsOptions } from './index.ts'
import { expressSessionStore, sessionStore } from './session-store.ts'

let server: RedisServer
let ioredis: Redis
let nodeRedis: ReturnType<typeof createClient>

beforeAll(async () => {
  const started = await startRedis()
  if (started.kind === 'not-available') throw new Error(started.reason)
  server = started
  ioredis = new Redis(server.url)
  nodeRedis = createClient({ url: server.url })
  await nodeRedis.connect()
}, 400_000)

afterAll(async () => {
  ioredis?.disconnect()
  nodeRedis?.destroy()
  await server?.stop()
})

const secret = 'a secret of at least 32 characters'
const older = 'another secret of 32 characters!!'

describe.each(['ioredis', 'node-redis'])('by %s', name => {
  const client = (): RedisClient => (name === 'ioredis' ? ioredis : nodeRedis)

  const sessionsOf = (options: Partial<SessionsOptions> = {}) =>
    new Sessions<{ user?: number; cart?: readonly string[] }>(client(), {
      secrets: [secret],
      prefix: `${randomUUID()}:`,
      ...options,
    })

  test('a session comes back until it is destroyed', async () => {
    const sessions = sessionsOf()
    const { id } = await sessions.create({ user: 7 })
    expect(await sessions.get(id)).toEqual({ id, data: { user: 7 }, version: 1 })
    expect(await sessions.touch(id)).toBe(true)
    await sessions.destroy(id)
    expect(await sessions.get(id)).toBeUndefined()
    expect(await sessions.touch(id)).toBe(false)
  })

  test('an id that was changed, made up, or signed by a secret that is no more, is nobody', async () => {
    const prefix = `${randomUUID()}:`
    const sessions = sessionsOf({ prefix, secrets: [older] })
    const { id } = await sessions.create({ user: 7 })
    const flipped = id.slice(0, -1) + (id.endsWith('A') ? 'B' : 'A')
    for (const wrong of [flipped, `x${id}`, id.split('.')[0]!, '', '.', 'a.b'])
      expect(await sessions.get(wrong)).toBeUndefined()
    expect(await sessionsOf({ prefix, secrets: [secret, older] }).get(id)).toBeDefined()
    expect(await sessionsOf({ prefix, secrets: [secret] }).get(id)).toBeUndefined()
  })

  test('who reads the store does not learn an id', async () => {
    const prefix = `${randomUUID()}:`
    const { id } = await sessionsOf({ prefix }).create({ user: 7 })
    const keys = await ioredis.keys(`${prefix}*`)
    expect(keys).toHaveLength(1)
    expect(keys[0]).not.toContain(id.split('.')[0])
  })

  test('use prolongs a session, and no use prolongs it beyond its longest life', async () => {
    const prefix = `${randomUUID()}:`
    const sessions = sessionsOf({ prefix, ttlMs: 60_000, longestMs: 100_000 })
    const { id } = await sessions.create({})
    const [key] = await ioredis.keys(`${prefix}*`)
    await ioredis.pexpire(key!, 1_000)
    await sessions.get(id)
    expect(await ioredis.pttl(key!)).toBeGreaterThan(50_000)
    // As if it had been made 99 seconds ago.
    await ioredis.hincrby(key!, 'c', -99_000)
    await sessions.touch(id)
    expect(await ioredis.pttl(key!)).toBeLessThanOrEqual(1_000)
    await ioredis.hincrby(key!, 'c', -99_000)
    expect(await sessions.get(id)).toBeUndefined()
  })

  test('of two requests that change one session the second is told', async () => {
    const sessions = sessionsOf()
    const { id } = await sessions.create({ cart: [] })
    const [mine, theirs] = await Promise.all([sessions.get(id), sessions.get(id)])
    await sessions.save(mine!, { cart: ['book'] })
    await expect(sessions.save(theirs!, { cart: ['pen'] })).rejects.toMatchObject({
      code: 'FAULT_SESSION_CONFLICT',
      retryable: true,
    })
    const add = (thing: string) => sessions.update(id, data => ({ cart: [...(data.cart ?? []), thing] }), 50)
    await Promise.all(['pen', 'cup', 'map', 'hat'].map(add))
    expect((await sessions.get(id))!.data.cart!.toSorted()).toEqual(['book', 'cup', 'hat', 'map', 'pen'])
  })

  test('a request under way does not bring back what was logged out meanwhile', async () => {
    const sessions = sessionsOf()
    const session = await sessions.create({ user: 7 })
    await sessions.destroy(session.id)
    await expect(sessions.save(session, { user: 7 })).rejects.toMatchObject({ code: 'FAULT_SESSION_GONE' })
    await expect(sessions.overwrite(session.id, { user: 7 })).rejects.toMatchObject({ code: 'FAULT_SESSION_GONE' })
    expect(await sessions.update(session.id, data => data)).toBeUndefined()
  })

  test('a session that is too large is refused whole', async () => {
    const sessions = sessionsOf({ maxBytes: 100 })
    const { id } = await sessions.create({ cart: [] })
    await expect(sessions.update(id, () => ({ cart: ['x'.repeat(100)] }))).rejects.toMatchObject({
      code: 'FAULT_SESSION_SIZE',
    })
    expect((await sessions.get(id))!.data).toEqual({ cart: [] })
  })

  const boardOf = (options: Partial<LeaderboardOptions> = {}) =>
    new Leaderboard(client(), { key: randomUUID(), ...options })

  test('equal scores share a rank and stand by name', async () => {
    const board = boardOf()
    for (const [member, score] of Object.entries({ dora: 10, bob: 20, ann: 20, cid: 30, eve: 0 }))
      await board.submit(member, score)
    expect((await board.top(10)).map(({ member, score, rank }) => [rank, member, score])).toEqual([
      [1, 'cid', 30],
      [2, 'ann', 20],
      [2, 'bob', 20],
      [4, 'dora', 10],
      [5, 'eve', 0],
    ])
    expect((await board.top(2, 2)).map(({ rank, member }) => [rank, member])).toEqual([
      [2, 'bob'],
      [4, 'dora'],
    ])
    expect(await board.rankOf('bob')).toEqual({ member: 'bob', score: 20, rank: 2 })
    expect((await board.around('ann', 1)).map(({ member }) => member)).toEqual(['cid', 'ann', 'bob'])
    expect((await board.around('cid', 1)).map(({ member }) => member)).toEqual(['cid', 'ann'])
    expect((await board.around('eve', 1)).map(({ member }) => member)).toEqual(['dora', 'eve'])
    expect([await board.rankOf('nobody'), await board.around('nobody', 2), await board.size()]).toEqual([
      undefined,
      [],
      5,
    ])
    expect([await board.remove('eve'), await board.remove('eve')]).toEqual([true, false])
  })

  test.each([
    ['best', 'highest', 9],
    ['best', 'lowest', 2],
    ['last', 'highest', 4],
    ['sum', 'lowest', 15],
  ] as const)('keeps the %s where the %s leads', async (keep, leads, score) => {
    const board = boardOf({ keep, leads })
    for (const one of [2, 9, 4]) await board.submit('ann', one)
    expect(await board.rankOf('ann')).toEqual({ member: 'ann', score, rank: 1 })
  })

  test('a season that is over accepts nothing, can be read for a while, and is then gone', async () => {
    const key = randomUUID()
    const open = boardOf({ key, endsAtMs: Date.now() + 60_000, keepAfterEndMs: 1_000 })
    await open.submit('ann', 1)
    expect(await ioredis.pttl(key)).toBeGreaterThan(55_000)
    const over = boardOf({ key, endsAtMs: Date.now() - 1_000, keepAfterEndMs: 60_000 })
    await expect(over.submit('bob', 9)).rejects.toMatchObject({ code: 'FAULT_SEASON_OVER' })
    expect((await over.top(5)).map(({ member }) => member)).toEqual(['ann'])
  })

  test('who falls behind the bound is forgotten', async () => {
    const board = boardOf({ maxMembers: 3 })
    for (const score of [5, 1, 4, 2, 3]) await board.submit(`m${score}`, score)
    expect((await board.top(10)).map(({ score }) => score)).toEqual([5, 4, 3])
  })

  test('ranks are those of a sorted list', async () => {
    const entry = fc.record({
      member: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      score: fc.integer({ min: -3, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(entry, { maxLength: 12 }),
        fc.constantFrom('highest', 'lowest'),
        async (entries, leads) => {
          const board = boardOf({ leads, keep: 'sum' })
          const sums = new Map<string, number>()
          for (const { member, score } of entries) {
            await board.submit(member, score)
            sums.set(member, (sums.get(member) ?? 0) + score)
          }
          const better = (a: number, b: number) => (leads === 'highest' ? a > b : a < b)
          const expected = [...sums]
            .map(([member, score]) => ({
              member,
              score,
              rank: 1 + [...sums.values()].filter(other => better(other, score)).length,
            }))
            .toSorted((a, b) => a.rank - b.rank || (a.member < b.member ? -1 : 1))
          expect(await board.top(100)).toEqual(expected)
        },
      ),
      { numRuns: 30 },
    )
  })
})

const listening = async (http: Server): Promise<string> => {
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

/** A browser with one cookie: counts its visits, then logs out. */
async function visits(url: string): Promise<readonly string[]> {
  let cookie = ''
  const bodies: string[] = []
  for (const path of ['/', '/', '/', '/logout', '/']) {
    const response = await fetch(url + path, { headers: cookie ? { cookie } : {} })
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    bodies.push(await response.text())
  }
  return bodies
}

const counted = ['visit 1', 'visit 2', 'visit 3', 'bye', 'visit 1']

test('express-session keeps its sessions by it', async () => {
  interface Visited extends IncomingMessage {
    session: { visits?: number; destroy(done: () => void): void }
  }
  const load = createRequire(import.meta.url)
  const express = load('express') as () => { use(...layers: unknown[]): void } & ((
    a: IncomingMessage,
    b: ServerResponse,
  ) => void)
  const session = load('express-session') as ((options: object) => unknown) & { Store: new () => object }
  const store = expressSessionStore(
    session.Store,
    new Sessions(ioredis, { secrets: [secret], prefix: `${randomUUID()}:` }),
  )
  const app = express()
  app.use(session({ secret, resave: false, saveUninitialized: false, store, cookie: { maxAge: 60_000 } }))
  app.use((request: Visited, response: ServerResponse) => {
    if (request.url === '/logout') return request.session.destroy(() => response.end('bye'))
    request.session.visits = (request.session.visits ?? 0) + 1
    response.end(`visit ${request.session.visits}`)
  })
  const http = createServer(app)
  try {
    expect(await visits(await listening(http))).toEqual(counted)
  } finally {
    http.closeAllConnections()
    http.close()
  }
})

test('@fastify/session keeps its sessions by it', async () => {
  const app = Fastify()
  await app.register(fastifyCookie)
  const store = sessionStore(new Sessions(nodeRedis, { secrets: [secret], prefix: `${randomUUID()}:` }))
  await app.register(fastifySession, { secret, store, cookie: { secure: false, maxAge: 60_000 } })
  app.get('/', async request => {
    const session = request.session as unknown as { visits?: number }
    session.visits = (session.visits ?? 0) + 1
    return `visit ${session.visits}`
  })
  app.get('/logout', async request => {
    await request.session.destroy()
    return 'bye'
  })
  try {
    expect(await visits(await app.listen({ host: '127.0.0.1', port: 0 }))).toEqual(counted)
  } finally {
    await app.close()
  }
})

test('a store that cannot be asked is an error of the request, not of the process', async () => {
  const broken = new Redis(1, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
  broken.on('error', () => {})
  const store = sessionStore(new Sessions(broken, { secrets: [secret] }))
  const done = vi.fn()
  store.get('some id', done)
  await vi.waitUntil(() => done.mock.calls.length > 0)
  expect(done.mock.calls[0]![0]).toBeInstanceOf(Error)
})
