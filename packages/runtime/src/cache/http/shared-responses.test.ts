import { randomUUID } from 'node:crypto'
import { available, type RedisServer, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Cache } from '../index.ts'
import { redisShared } from '../redis/index.ts'
import { until } from '../testing/until.ts'
import { openWire } from '../testing/wire.ts'
import { cacheControl, cacheTags, ResponseCache } from './index.ts'
import { type Framework, type Handler, startApp } from './testing/app.ts'
import { ask, type Got } from './testing/ask.ts'

let server: RedisServer
let admin: Redis
const cleaning: (() => unknown)[] = []

beforeAll(async () => {
  server = available(await startRedis())
  admin = new Redis(server.port)
}, 400_000)

afterEach(async () => {
  for (const clean of cleaning.splice(0)) await clean()
})

afterAll(async () => {
  admin?.disconnect()
  await server?.stop()
})

interface Instance {
  readonly url: string
  readonly responses: ResponseCache
  readonly store: Cache
}

/**
 * Two instances of one service, each with connections of its own, the other one's over a wire that can be cut.
 * @param timeoutMs by default longer than a busy machine may stand still: nothing is to be given up but what a test cuts
 */
async function stand(
  framework: Framework,
  handlers: { readonly one: Handler; readonly other: Handler },
  timeoutMs = 15_000,
) {
  const prefix = `${randomUUID()}:`
  const wire = await openWire(server.port)
  const instance = async (port: number, handler: Handler): Promise<Instance> => {
    const client = new Redis(port, { retryStrategy: () => 10, maxRetriesPerRequest: null })
    client.on('error', () => undefined)
    const shared = { ...redisShared(client, { prefix, checkEveryMs: 50 }), timeoutMs, pauseMs: 50 }
    const store = new Cache({ shared })
    const responses = new ResponseCache({ store })
    const app = await startApp(framework, { cache: responses }, handler)
    cleaning.unshift(async () => {
      await app.close()
      await store.close()
      client.disconnect()
    })
    await store.ready()
    return { url: app.url, responses, store }
  }
  const [one, other] = [await instance(server.port, handlers.one), await instance(wire.port, handlers.other)]
  cleaning.push(() => wire.close())
  return { one, other, wire, prefix }
}

/** What it answers is the same host's: instances behind one balancer are asked by one name. */
const host = { host: 'shop.example' }
const get = (instance: Instance, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> =>
  ask(`${instance.url}${path}`, { headers: { ...host, ...headers } })

/** Its answer once that is kept, and so in Redis too. */
async function kept(instance: Instance, path: string, headers?: Readonly<Record<string, string>>): Promise<Got> {
  let got = await get(instance, path, headers)
  await until(async () => {
    got = await get(instance, path, headers)
    return String(got.headers['cache-status']).startsWith('whetstone; hit')
  })
  return got
}

const forAMinute = { 'cache-control': cacheControl.publicFor('1m') }

/** Says who made an answer and which of theirs it is. */
function maker(name: string, headers: Readonly<Record<string, string>> = forAMinute) {
  const made = { times: 0 }
  const handler: Handler = () => ({ headers, body: `${name} ${++made.times}` })
  return { made, handler }
}

const makers = (headers?: Readonly<Record<string, string>>) => {
  const [one, other] = [maker('one', headers), maker('other', headers)]
  return { made: { one: one.made, other: other.made }, one: one.handler, other: other.handler }
}

describe.each(['fastify', 'express 5', 'hono'] as const)('two instances on %s with one Redis', framework => {
  test('serve an answer that either of them made', async () => {
    const handlers = makers()
    const { one, other } = await stand(framework, handlers)
    expect((await kept(one, '/top')).body).toBe('one 1')
    const there = await get(other, '/top')
    expect([there.body, handlers.made]).toEqual(['one 1', { one: { times: 1 }, other: { times: 0 } }])
    expect(there.headers['cache-status']).toMatch(/^whetstone; hit/)
    const held = await get(other, '/top', { 'if-none-match': there.headers['etag'] as string })
    expect(held.status).toBe(304)
  })

  test('keep variants of a URL together, and apart', async () => {
    const language: Handler = ({ headers }) => ({
      headers: { ...forAMinute, vary: 'Accept-Language' },
      body: `in ${headers['accept-language']}`,
    })
    let calls = 0
    const counted: Handler = seen => {
      calls++
      return language(seen)
    }
    const { one, other } = await stand(framework, { one: counted, other: counted })
    for (const instance of [one, other, one, other])
      for (const wanted of ['de', 'fr'])
        expect((await kept(instance, '/', { 'accept-language': wanted })).body).toBe(`in ${wanted}`)
    expect(calls).toBe(2)
  })

  test('both forget what one of them purges by a surrogate key, or changes', async () => {
    const handlers = makers({ ...forAMinute, ...cacheTags('products', 'product:7') })
    const { one, other } = await stand(framework, handlers)
    const changes = [
      () => other.responses.purge('product:7'),
      () => ask(`${other.url}/p/7`, { method: 'PUT', headers: host }),
      () => other.responses.clear(),
    ]
    for (const change of changes) {
      const before = [(await kept(one, '/p/7')).body, (await kept(other, '/p/7')).body]
      await change()
      for (const instance of [one, other]) await until(async () => !before.includes((await get(instance, '/p/7')).body))
    }
    expect(one.store.counts.pendingInvalidations + other.store.counts.pendingInvalidations).toBe(0)
  })

  test('keep no answer that one was making when the other purged it', async () => {
    const gate: { open?: () => void } = {}
    let isHeld = true
    const slow: Handler = async () => {
      if (isHeld) await new Promise<void>(resolve => (gate.open = resolve))
      return { headers: { ...forAMinute, ...cacheTags('products') }, body: isHeld ? 'read before' : 'read after' }
    }
    const { one, other, prefix } = await stand(framework, { one: slow, other: slow })
    const before = get(one, '/top')
    await until(() => gate.open !== undefined)
    await other.responses.purge('products')
    gate.open!()
    expect((await before).body).toBe('read before')
    isHeld = false
    expect((await get(other, '/top')).body).toBe('read after')
    await until(async () => (await get(one, '/top')).body === 'read after')
    expect((await everythingIn(prefix)).includes('read before')).toBe(false)
  })

  test('put nothing that is one person’s into Redis', async () => {
    const answers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      '/public': forAMinute,
      '/private': { 'cache-control': cacheControl.privateFor('1m') },
      '/unsaid': {},
      '/cookie': { ...forAMinute, 'set-cookie': 'sid=secret-cookie' },
      '/never': { 'cache-control': cacheControl.noStore() },
      '/vary': { ...forAMinute, vary: 'Cookie' },
    }
    const handler: Handler = ({ url, headers }) => {
      const isForAll = url === '/public' && headers['x-person'] === undefined
      return { headers: answers[url]!, body: `${isForAll ? 'for-all' : 'secret-body'} ${url}` }
    }
    const { one, other, prefix } = await stand(framework, { one: handler, other: handler })
    const persons = [{ cookie: 'sid=ann' }, { authorization: 'Bearer ann' }, { 'x-api-key': 'ann' }]
    const forAll = await kept(one, '/public')
    for (const instance of [one, other])
      for (const path of Object.keys(answers)) {
        for (const who of persons)
          expect((await get(instance, path, { ...who, 'x-person': '1' })).body).toBe(`secret-body ${path}`)
        expect((await get(instance, path)).body).toBe(path === '/public' ? forAll.body : `secret-body ${path}`)
      }
    // What may not be kept is remembered, as that and no more.
    await until(async () => (await everythingIn(prefix)).split('{"kind":"pass"}').length > 5)
    const inRedis = await everythingIn(prefix)
    expect(inRedis).toContain('for-all /public')
    for (const secret of ['secret-body', 'secret-cookie', 'ann']) expect(inRedis).not.toContain(secret)
  })

  test('go on without Redis, and hear afterwards what was purged', async () => {
    const handlers = makers({ ...forAMinute, ...cacheTags('products') })
    // Three times below, one after the other, a question that nobody answers lasts until it is given up: so does the test.
    const { one, other, wire } = await stand(framework, handlers, 1_000)
    const [mine, theirs] = [(await kept(one, '/top')).body, (await kept(other, '/top')).body]
    await wire.cut()
    expect((await get(other, '/top')).body).toBe(theirs)
    const fresh = await Promise.all(Array.from({ length: 20 }, (_, at) => get(other, `/new/${at}`)))
    expect(fresh.map(({ status }) => status)).toEqual(Array(20).fill(200))
    await other.responses.purge('products')
    const after = await get(other, '/top')
    expect([after.status, after.body.startsWith('other'), after.body === theirs]).toEqual([200, true, false])
    expect((await get(one, '/top')).body).toBe(mine)
    await wire.mend()
    await until(async () => (await get(one, '/top')).body !== mine)
    await until(() => other.store.counts.pendingInvalidations === 0)
  })
})

/** Names and values of all keys as text, bodies too. */
async function everythingIn(prefix: string): Promise<string> {
  const texts: string[] = []
  for (const key of await admin.keys(`${prefix}*`))
    texts.push(key, (await admin.type(key)) === 'string' ? String(await admin.get(key)) : '')
  const body = (_: string, bytes: string): string => Buffer.from(bytes, 'base64').toString()
  return texts.join('\n').replaceAll(/"\$bytes":"([^"]*)"/g, body)
}
