import { afterEach, describe, expect, test, vi } from 'vitest'
import { Cache } from '../index.ts'
import { cacheControl, cacheTags, ResponseCache } from './index.ts'
import type { HttpCacheOptions } from './options.ts'
import { type App, type Framework, frameworks, type Handler, startApp } from './testing/app.ts'
import { ask, opened } from './testing/ask.ts'

const apps: App[] = []

afterEach(async () => {
  await Promise.all(apps.splice(0).map(app => app.close()))
})

const started = async (framework: Framework, options: HttpCacheOptions, handler: Handler) => {
  const app = await startApp(framework, options, handler)
  apps.push(app)
  return app.url
}

/** Answers with how often it was asked, so that a kept answer is seen by its body. */
function counting(headers: Readonly<Record<string, string>>): {
  readonly handler: Handler
  readonly calls: () => number
} {
  let calls = 0
  return { handler: () => ({ headers, body: `answer ${++calls}` }), calls: () => calls }
}

const forAMinute = { 'cache-control': cacheControl.publicFor('1m') }

describe.each(frameworks)('on %s', framework => {
  const withCache = (options: Partial<HttpCacheOptions> = {}) => ({
    cache: new ResponseCache({ store: new Cache() }),
    ...options,
  })

  test('an answer that may be kept is made once and says its age', async () => {
    const { handler, calls } = counting(forAMinute)
    const url = await started(framework, withCache(), handler)
    const first = await ask(`${url}/top`)
    const second = await ask(`${url}/top`)
    expect([first.body, second.body, calls()]).toEqual(['answer 1', 'answer 1', 1])
    expect(first.headers['cache-status']).toBe('whetstone; fwd=miss')
    expect(second.headers['cache-status']).toMatch(/^whetstone; hit; ttl=(60|59)$/)
    expect(second.headers).toMatchObject({
      age: expect.stringMatching(/^[01]$/),
      etag: first.headers['etag'],
      'cache-control': 'public, max-age=60',
    })
  })

  test('whoever holds the answer gets 304, from the handler and from the cache', async () => {
    const { handler } = counting(forAMinute)
    const url = await started(framework, withCache(), handler)
    const { headers } = await ask(`${url}/top`)
    const etag = headers['etag'] as string
    for (const held of [etag, `"other", ${etag}`, '*', etag.slice(2)]) {
      const again = await ask(`${url}/top`, { headers: { 'if-none-match': held } })
      expect(again).toMatchObject({ status: 304, body: '' })
      expect(again.headers).toMatchObject({ etag, 'cache-control': 'public, max-age=60' })
      expect(again.headers).not.toHaveProperty('content-length')
      expect(again.headers).not.toHaveProperty('content-type')
    }
    expect((await ask(`${url}/top`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  })

  test('where nothing is kept, a request is still spared the body it holds', async () => {
    const { handler, calls } = counting({ 'cache-control': 'private, no-cache', etag: '"v1"' })
    const url = await started(framework, {}, handler)
    const again = await ask(url, { headers: { 'if-none-match': '"v0", "v1"', cookie: 'sid=1' } })
    expect([again.status, again.headers['etag'], calls()]).toEqual([304, '"v1"', 1])
    const modified = { 'last-modified': 'Sat, 01 Nov 2025 10:00:00 GMT', ...forAMinute }
    const dated = await started(framework, { etag: false }, counting(modified).handler)
    const since = (date: string) => ask(dated, { headers: { 'if-modified-since': date } })
    expect((await since('Sat, 01 Nov 2025 10:00:00 GMT')).status).toBe(304)
    expect((await since('Sat, 01 Nov 2025 09:59:59 GMT')).status).toBe(200)
    expect((await since('yesterday')).status).toBe(200)
  })

  test('many who ask at once get the answer made for the first', async () => {
    let open = (): void => {}
    const opened = new Promise<void>(resolve => (open = resolve))
    let calls = 0
    const handler: Handler = async () => {
      calls++
      await opened
      return { headers: forAMinute, body: `answer ${calls}` }
    }
    const options = withCache()
    const asking = vi.spyOn(options.cache, 'ask')
    const url = await started(framework, options, handler)
    const all = Array.from({ length: 20 }, () => ask(url))
    await vi.waitUntil(() => calls === 1 && asking.mock.calls.length === 20, 20_000)
    open()
    const answers = await Promise.all(all)
    expect([new Set(answers.map(({ body }) => body)), calls]).toEqual([new Set(['answer 1']), 1])
    const said = answers.map(({ headers }) => String(headers['cache-status']))
    const waited = Array<string>(19).fill('whetstone; fwd=miss; collapsed')
    expect(said.toSorted()).toEqual(['whetstone; fwd=miss', ...waited])
  })

  test('nobody waits for an answer that may not be kept, once that is known', async () => {
    const { handler, calls } = counting({ 'cache-control': 'private' })
    const url = await started(framework, withCache(), handler)
    const first = await ask(url)
    const second = await ask(url)
    expect([first.headers['cache-status'], second.headers['cache-status'], calls()]).toEqual([
      'whetstone; fwd=miss',
      'whetstone; fwd=bypass; detail=pass',
      2,
    ])
  })

  test('past its time an answer is served at once and made anew behind it', async () => {
    let nowMs = 1_000_000
    const store = new Cache({ clock: () => nowMs })
    const { handler, calls } = counting({
      'cache-control': cacheControl.publicFor('10s', { staleWhileRevalidate: '1m' }),
    })
    const url = await started(framework, { cache: new ResponseCache({ store, clock: () => nowMs }) }, handler)
    expect((await ask(`${url}/top?x=1`)).body).toBe('answer 1')
    nowMs += 11_000
    const old = await ask(`${url}/top?x=1`)
    expect([old.body, old.headers['age']]).toEqual(['answer 1', expect.any(String)])
    await vi.waitUntil(() => calls() === 2)
    await vi.waitUntil(async () => (await ask(`${url}/top?x=1`)).body === 'answer 2')
    expect(calls()).toBe(2)
    nowMs += 80_000
    expect((await ask(`${url}/top?x=1`)).body).toBe('answer 3')
  })

  test('a failure is answered with what is old where that may be', async () => {
    let nowMs = 1_000_000
    let status = 200
    const store = new Cache({ clock: () => nowMs })
    const handler: Handler = () => ({
      status,
      headers: { 'cache-control': cacheControl.publicFor('10s', { staleIfError: '1m' }), 'x-status': String(status) },
      body: status === 200 ? 'good' : 'the database is down',
    })
    const url = await started(framework, { cache: new ResponseCache({ store, clock: () => nowMs }) }, handler)
    await ask(url)
    status = 503
    nowMs += 11_000
    expect(await ask(url)).toMatchObject({ status: 200, body: 'good', headers: { 'x-status': '200' } })
    nowMs += 60_000
    expect(await ask(url)).toMatchObject({ status: 503, body: 'the database is down' })
    status = 200
    expect(await ask(url)).toMatchObject({ status: 200, body: 'good' })
  })

  test('answers are purged by their tags, also one that is being made', async () => {
    const cache = new ResponseCache({ store: new Cache() })
    let calls = 0
    let during: (() => Promise<void>) | undefined
    const handler: Handler = async ({ url }) => {
      const body = `${url} ${++calls}`
      await during?.()
      return { headers: { ...forAMinute, ...cacheTags('products', `product:${url.slice(1)}`) }, body }
    }
    const url = await started(framework, { cache }, handler)
    const both = async () => [(await ask(`${url}/7`)).body, (await ask(`${url}/8`)).body]
    expect(await both()).toEqual(['/7 1', '/8 2'])
    await cache.purge('product:7')
    expect(await both()).toEqual(['/7 3', '/8 2'])
    await cache.purge('products')
    during = () => cache.purge('product:7')
    expect(await both()).toEqual(['/7 4', '/8 5'])
    during = undefined
    expect(await both()).toEqual(['/7 6', '/8 5'])
    await cache.clear()
    expect(await both()).toEqual(['/7 7', '/8 8'])
  })

  test('a URL that was changed is asked for anew', async () => {
    let value = 1
    const handler: Handler = ({ method }) => {
      if (method === 'PUT') return { status: 200, body: `${++value}` }
      if (method === 'DELETE') return { status: 403, body: '' }
      return { headers: { ...forAMinute, vary: 'accept' }, body: `value ${value}` }
    }
    const url = await started(framework, withCache(), handler)
    const read = async (accept = 'text/plain') => (await ask(url, { headers: { accept } })).body
    expect([await read(), await read('text/html')]).toEqual(['value 1', 'value 1'])
    await ask(url, { method: 'PUT', headers: { cookie: 'sid=1' } })
    expect([await read(), await read('text/html')]).toEqual(['value 2', 'value 2'])
    value = 3
    await ask(url, { method: 'DELETE' })
    expect(await read()).toBe('value 2')
  })

  test('a stream reaches the client piece by piece', async () => {
    let open = (): void => {}
    const isOpen = new Promise<void>(resolve => (open = resolve))
    async function* pieces() {
      yield Buffer.from('first')
      await isOpen
      yield Buffer.from(' second')
    }
    const url = await started(framework, withCache(), () => ({ headers: forAMinute, body: pieces() }))
    const read = (await opened(url)).stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    expect(String((await read.next()).value)).toBe('first')
    open()
    expect(String((await read.next()).value)).toBe(' second')
  })
})
