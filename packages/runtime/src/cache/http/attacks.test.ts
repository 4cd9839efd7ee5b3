/** What must never happen: that one user gets the answer of another. Each way in is tried on every framework, with real servers. */
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { createGunzip, gzipSync } from 'node:zlib'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Cache } from '../index.ts'
import { cacheControl, ResponseCache } from './index.ts'
import type { HttpCacheOptions } from './options.ts'
import { type App, type Framework, frameworks, type Handler, startApp } from './testing/app.ts'
import { ask, opened, wholeText } from './testing/ask.ts'

const apps: App[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(apps.splice(0).map(app => app.close()))
})

async function started(
  framework: Framework,
  handler: Handler,
  options: Partial<HttpCacheOptions> = {},
): Promise<string> {
  const app = await startApp(framework, { cache: new ResponseCache({ store: new Cache() }), ...options }, handler)
  apps.push(app)
  return app.url
}

const forAMinute = { 'cache-control': cacheControl.publicFor('1m') }
/** Says of a personal answer that everybody may have it: the mistake that a cache must survive. */
const mistaken: Handler = ({ headers }) => ({
  headers: forAMinute,
  body: `for ${headers['authorization'] ?? headers['cookie'] ?? headers['x-api-key'] ?? 'nobody'}`,
})

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>(resolve => (open = resolve))
  return { opened, open: () => open() }
}

describe.each(frameworks)('on %s', framework => {
  test.each(['authorization', 'cookie', 'x-api-key'])(
    'two users told apart by %s get their own answers',
    async name => {
      const url = await started(framework, mistaken)
      const as = async (user?: string) => (await ask(`${url}/me`, user ? { headers: { [name]: user } } : {})).body
      expect([await as('ann'), await as('bob'), await as(), await as('ann'), await as()]).toEqual([
        'for ann',
        'for bob',
        'for nobody',
        'for ann',
        'for nobody',
      ])
    },
  )

  test('a header of the service that says who asks is one of them when it is named', async () => {
    const handler: Handler = ({ headers }) => ({ headers: forAMinute, body: `for ${headers['x-tenant'] ?? 'nobody'}` })
    const cache = new ResponseCache({ store: new Cache(), credentialHeaders: ['X-Tenant'] })
    const url = await started(framework, handler, { cache })
    const as = async (tenant: string) => (await ask(url, { headers: { 'x-tenant': tenant } })).body
    expect([await as('red'), await as('blue')]).toEqual(['for red', 'for blue'])
  })

  test('an answer that sets a cookie is not kept, and no cache on the way may', async () => {
    let visitor = 0
    const url = await started(framework, () => ({
      headers: { ...forAMinute, 'set-cookie': `sid=${++visitor}` },
      body: `visitor ${visitor}`,
    }))
    const answers = [await ask(url), await ask(url)]
    expect(answers.map(({ body }) => body)).toEqual(['visitor 1', 'visitor 2'])
    expect(answers.map(({ headers }) => headers['set-cookie'])).toEqual([['sid=1'], ['sid=2']])
    expect(answers.map(({ headers }) => headers['cache-control'])).toEqual(['private, no-cache', 'private, no-cache'])
  })

  test.each([
    ['private, max-age=60', {}],
    ['no-store', {}],
    ['no-cache, max-age=60', {}],
    ['private="x-user", max-age=60', {}],
    ['max-age=60', { vary: 'Authorization' }],
    ['max-age=60', { vary: 'Accept, Cookie' }],
    ['max-age=60', { vary: '*' }],
    ['max-age=60, max-age=0', { expires: 'Fri, 01 Jan 2100 00:00:00 GMT', age: '60' }],
    ['max-age=nonsense', {}],
    [undefined, {}],
  ])('Cache-Control %s with %j is not kept', async (control, more) => {
    let calls = 0
    const headers = { ...(control === undefined ? {} : { 'cache-control': control }), ...more }
    const url = await started(framework, () => ({ headers, body: `answer ${++calls}` }))
    expect([(await ask(url)).body, (await ask(url)).body]).toEqual(['answer 1', 'answer 2'])
  })

  test('what caches on the way may do with a personal answer is nothing, where the handler says nothing', async () => {
    const said: (Record<string, string> | undefined)[] = [undefined, { 'cache-control': 'max-age=60' }, forAMinute]
    const controls: unknown[] = []
    for (const headers of said) {
      const url = await started(framework, () => ({ ...(headers && { headers }), body: 'mine' }), {
        cacheControl: 'public, max-age=5',
      })
      controls.push((await ask(url, { headers: { cookie: 'sid=1' } })).headers['cache-control'])
      controls.push((await ask(url)).headers['cache-control'])
    }
    expect(controls).toEqual([
      'private, no-cache',
      'public, max-age=5',
      'private, max-age=60',
      'max-age=60',
      'public, max-age=60',
      'public, max-age=60',
    ])
  })

  test('a HEAD fills nothing, and is answered from what a GET has filled', async () => {
    let calls = 0
    const url = await started(framework, () => ({ headers: forAMinute, body: `answer ${++calls}` }))
    expect(await ask(url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    const got = await ask(url)
    expect(got.body).toBe('answer 2')
    const head = await ask(url, { method: 'HEAD' })
    expect(head).toMatchObject({ status: 200, body: '', headers: { etag: got.headers['etag'], 'content-length': '8' } })
    expect(calls).toBe(2)
  })

  test('a range is never kept as the whole, nor cut from it', async () => {
    const handler: Handler = ({ headers }) =>
      headers['range']
        ? { status: 206, headers: { ...forAMinute, 'content-range': 'bytes 0-2/9' }, body: 'the' }
        : { headers: forAMinute, body: 'the whole' }
    const url = await started(framework, handler)
    const range = { headers: { range: 'bytes=0-2' } }
    const bodies = [await ask(url, range), await ask(url), await ask(url, range), await ask(url)].map(
      ({ body }) => body,
    )
    expect(bodies).toEqual(['the', 'the whole', 'the', 'the whole'])
  })

  test.each([500, 503, 429, 401, 403, 302, 204, 206])('an answer of %i is not kept', async status => {
    let calls = 0
    const url = await started(framework, () => ({
      status,
      headers: { ...forAMinute, location: '/', 'x-call': String(++calls) },
      body: '',
    }))
    expect([(await ask(url)).headers['x-call'], (await ask(url)).headers['x-call']]).toEqual(['1', '2'])
    // Express itself answers 304 to all of 2xx.
    const isOfExpress = framework.startsWith('express') && status < 300
    expect((await ask(url, { headers: { 'if-none-match': '*' } })).status).toBe(isOfExpress ? 304 : status)
  })

  test('a body that comes in pieces is kept whole, or not at all', async () => {
    let calls = 0
    async function* pieces(count: number) {
      for (let piece = 0; piece < count; piece++) {
        await turn()
        yield Buffer.from(`piece ${piece} of call ${calls}; `.padEnd(1_000))
      }
    }
    const handler: Handler = ({ url }) => ({ headers: forAMinute, body: (calls++, pieces(url === '/long' ? 50 : 3)) })
    const url = await started(framework, handler, {
      cache: new ResponseCache({ store: new Cache(), maxBodyBytes: 10_000 }),
    })
    const [first, second] = [await ask(`${url}/short`), await ask(`${url}/short`)]
    expect(second.body).toBe(first.body)
    expect([first.body.length, calls]).toEqual([3_000, 1])
    const long = [await ask(`${url}/long`), await ask(`${url}/long`)]
    expect(long.map(({ body }) => body.length)).toEqual([50_000, 50_000])
    expect(calls).toBe(3)
  })

  test('what broke off is not kept: by its source, or by the client', async () => {
    // Hono's server writes what went wrong in a stream to the console.
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const gates = [gate(), gate(), gate()]
    let calls = 0
    async function* halves(call: number) {
      yield Buffer.from('half ')
      await gates[call]!.opened
      if (call === 0) throw new Error('the source is gone')
      yield Buffer.from('and half')
    }
    const url = await started(framework, () => ({ headers: forAMinute, body: halves(calls++) }))
    const { stream: breaking } = await opened(url)
    await once(breaking, 'data')
    gates[0]!.open()
    const ending = wholeText(breaking).then(
      () => 'whole',
      () => 'broken',
    )
    // There Fastify ends a stream that failed as if it were whole: its client cannot know, the cache has to.
    expect(await ending).toBe(framework === 'fastify over HTTP/2' ? 'whole' : 'broken')
    const { stream: leaving } = await opened(url)
    await once(leaving, 'data')
    leaving.destroy()
    gates[2]!.open()
    expect((await ask(url)).body).toBe('half and half')
    gates[1]!.open()
    expect([(await ask(url)).body, calls]).toEqual(['half and half', 3])
  })

  test('who cannot read gzip does not get what was compressed for another', async () => {
    const handler: Handler = ({ headers }) =>
      headers['accept-encoding']?.includes('gzip')
        ? // Without Vary, as is often forgotten.
          { headers: { ...forAMinute, 'content-encoding': 'gzip' }, body: gzipSync('the same') }
        : { headers: forAMinute, body: 'the same' }
    const url = await started(framework, handler)
    const raw = async (accept: Record<string, string>) =>
      (await ask(url, { headers: accept })).headers['content-encoding']
    expect(await raw({ 'accept-encoding': 'gzip' })).toBe('gzip')
    expect(await raw({})).toBeUndefined()
    expect(await raw({ 'accept-encoding': 'gzip' })).toBe('gzip')
    expect(await raw({ 'accept-encoding': 'identity' })).toBeUndefined()
    const { stream } = await opened(url, { headers: { 'accept-encoding': 'gzip' } })
    expect(await text(stream.pipe(createGunzip()))).toBe('the same')
  })

  test('answers that vary are kept apart by what they vary on', async () => {
    let calls = 0
    const handler: Handler = ({ headers }) => ({
      headers: { ...forAMinute, vary: 'Accept-Language' },
      body: `${headers['accept-language'] ?? 'none'} ${++calls}`,
    })
    const url = await started(framework, handler)
    const as = async (language?: string) =>
      (await ask(url, language ? { headers: { 'accept-language': language } } : {})).body
    expect([await as('de'), await as('fr'), await as(), await as('de'), await as('fr'), await as()]).toEqual([
      'de 1',
      'fr 2',
      'none 3',
      'de 1',
      'fr 2',
      'none 3',
    ])
  })

  test.each([
    { 'x-forwarded-host': 'evil.example' },
    { 'x-forwarded-proto': 'http' },
    { forwarded: 'host=evil.example' },
    { 'x-host': 'evil.example' },
    { 'x-original-url': '/admin' },
    { 'x-rewrite-url': '/admin' },
    { 'x-http-method-override': 'POST' },
    { host: 'evil.example' },
    { origin: 'https://evil.example' },
  ] as readonly Record<string, string>[])('%j reaches nobody else through the cache', async smuggled => {
    const [[name, value]] = Object.entries(smuggled) as [[string, string]]
    const handler: Handler = ({ headers }) => ({
      headers: { ...forAMinute, ...(headers['origin'] ? { 'access-control-allow-origin': headers['origin'] } : {}) },
      body: `link to ${headers[name]}`,
    })
    const url = await started(framework, handler)
    expect((await ask(url, { headers: smuggled })).body).toBe(`link to ${value}`)
    const other = await ask(url)
    expect(other.body).not.toContain(value)
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })

  test('a GET with a body is no GET without one', async () => {
    const url = await started(framework, ({ headers }) => ({
      headers: forAMinute,
      body: `length ${headers['content-length'] ?? 'none'}`,
    }))
    expect((await ask(url, { headers: { 'content-length': 4 }, body: 'evil' })).body).toBe('length 4')
    expect((await ask(url)).body).toBe('length none')
  })

  test('the order of parameters makes no difference, that of values of one parameter does', async () => {
    const url = await started(framework, ({ url: seen }) => ({ headers: forAMinute, body: seen }))
    const body = async (path: string) => (await ask(`${url}${path}`)).body
    expect(await body('/?b=2&a=1')).toBe('/?b=2&a=1')
    expect(await body('/?a=1&b=2')).toBe('/?b=2&a=1')
    for (const path of [
      '/?a=1&a=2',
      '/?a=2&a=1',
      '/?a=1&%61=2',
      '/?%61=2&a=1',
      '/?a[]=1&a[0]=2',
      '/?a[0]=2&a[]=1',
      '/?%zz=1&a=3',
      '/?a=3&%zz=1',
    ])
      expect(await body(path)).toBe(path)
  })

  test('a route for nobody in particular never sees who asks', async () => {
    let calls = 0
    const handler: Handler = ({ headers }) => ({
      headers: forAMinute,
      body: `${headers['cookie'] ?? headers['authorization']} ${++calls}`,
    })
    const url = await started(framework, handler, { anonymous: true })
    const answers = [
      await ask(url, { headers: { cookie: 'sid=1' } }),
      await ask(url, { headers: { authorization: 'Bearer 2' } }),
      await ask(url),
    ]
    expect(answers.map(({ body }) => body)).toEqual(['undefined 1', 'undefined 1', 'undefined 1'])
    expect(answers[0]!.headers['cache-control']).toBe('public, max-age=60')
  })
})
