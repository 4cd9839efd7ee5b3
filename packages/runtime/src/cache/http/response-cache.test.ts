import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cache } from '../index.ts'
import { mapTier } from '../testing/map-tier.ts'
import { cacheControl, type Headers, ResponseCache, type Step } from './index.ts'
import { keptHeaders } from './storable.ts'

const asked = (url: string, headers: Headers = {}, method = 'GET') =>
  ({ method, url, scheme: 'http', headers: { host: 'a', ...headers } }) as const

const answerOf = (body: string, headers: Headers) => ({ status: 200, headers, body: Buffer.from(body) })

const lead = (step: Step) => (step.kind === 'run' ? step.lead : step.behind)
const bodyOf = (step: Step) => (step.kind === 'answer' ? Buffer.from(step.answer.body).toString() : step.why)

test('whatever is asked in whatever order, nobody is served what was made for another', async () => {
  const request = fc.record({
    url: fc.constantFrom('/', '/?a=1&b=2', '/?b=2&a=1', '/?a=2&a=1', '/?a=1&a=2'),
    method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'PUT'),
    who: fc.constantFrom(undefined, undefined, { cookie: 'sid=ann' }, { cookie: 'sid=bob' }, { authorization: 'ann' }),
    language: fc.constantFrom(undefined, 'de', 'fr'),
    host: fc.constantFrom('a', 'b'),
    forwardedHost: fc.constantFrom(undefined, undefined, 'evil'),
    control: fc.constantFrom(
      'public, max-age=5',
      'max-age=5, stale-while-revalidate=5',
      'private, max-age=5',
      'no-store',
      undefined,
    ),
    vary: fc.constantFrom(undefined, 'Accept-Language', 'accept-language, Accept-Encoding', 'Cookie', '*'),
    setsCookie: fc.boolean(),
    afterMs: fc.constantFrom(0, 1_000, 4_000, 20_000),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 40 }), async requests => {
      let nowMs = 1_000_000
      const cache = new ResponseCache({ store: new Cache({ clock: () => nowMs }), clock: () => nowMs })
      let at = 0
      for (const { url, method, who, language, host, forwardedHost, control, vary, setsCookie, afterMs } of requests) {
        nowMs += afterMs
        const headers: Headers = { host, ...who, ...(language && { 'accept-language': language }), ...(forwardedHost && { 'x-forwarded-host': forwardedHost }) } // prettier-ignore
        const mine = {
          who: who ?? null,
          host,
          forwarded: forwardedHost ?? null,
          language: language ?? null,
          query: url.includes('b') ? 'ab' : url,
        }
        const step = await cache.ask(asked(url, headers, method), true)
        if (step.kind === 'answer') {
          const made = JSON.parse(bodyOf(step)) as typeof mine & { varies: boolean; atMs: number }
          const { varies, atMs, ...of } = made
          expect(method).not.toBe('PUT')
          expect(nowMs - atMs).toBeLessThan(10_000)
          expect(of).toEqual({ ...mine, who: null, language: varies ? mine.language : of.language })
        }
        const body = JSON.stringify({ ...mine, varies: vary !== undefined, atMs: nowMs })
        const made = answerOf(body, {
          ...(control && { 'cache-control': control }),
          ...(vary && { vary }),
          ...(setsCookie && { 'set-cookie': `sid=${++at}` }),
        })
        await lead(step)?.keep(made)
      }
    }),
    { numRuns: 300 },
  )
})

test('of one URL no more variants are kept than may be', async () => {
  const store = new Cache()
  const cache = new ResponseCache({ store, maxVariants: 3 })
  for (let agent = 0; agent < 50; agent++) {
    const step = await cache.ask(asked('/', { 'user-agent': `${agent}` }), true)
    await lead(step)!.keep(answerOf(`for ${agent}`, { 'cache-control': 'max-age=60', vary: 'User-Agent' }))
  }
  const found = await Promise.all([46, 47, 49].map(agent => cache.ask(asked('/', { 'user-agent': `${agent}` }), true)))
  expect(found.map(bodyOf)).toEqual(['miss', 'for 47', 'for 49'])
  expect(store.size).toBeLessThan(8)
})

test('who has waited long enough for another one’s answer makes their own', async () => {
  const cache = new ResponseCache({ store: new Cache(), maxWaitMs: 20 })
  const first = await cache.ask(asked('/'), true)
  const second = await cache.ask(asked('/'), true)
  expect([lead(first) !== undefined, lead(second), bodyOf(second)]).toEqual([true, undefined, 'miss'])
})

test('what the first gave up is made by one of those who waited', async () => {
  const cache = new ResponseCache({ store: new Cache() })
  const first = await cache.ask(asked('/'), true)
  const others = [1, 2].map(() => cache.ask(asked('/'), true))
  lead(first)!.abandon()
  const next = await Promise.race(others)
  await lead(next)!.keep(answerOf('made', { 'cache-control': 'max-age=60' }))
  expect((await Promise.all(others)).map(bodyOf).toSorted()).toEqual(['made', 'miss'])
  // The first may not come back with what it had.
  expect(await lead(first)!.keep(answerOf('half', { 'cache-control': 'max-age=60' }))).toBe('abandoned')
})

test('who waited for another one’s answer is told so, and why there was none', async () => {
  let nowMs = Date.now()
  const clock = () => nowMs
  const cache = new ResponseCache({ store: new Cache({ clock }), clock })
  const kept: Step[] = []
  for (const round of [1, 2]) {
    const first = await cache.ask(asked('/'), false)
    const waiting = cache.ask(asked('/'), false)
    await lead(first)!.keep(answerOf(`made ${round}`, { 'cache-control': 'max-age=10, stale-if-error=60' }))
    kept.push(await waiting, await cache.ask(asked('/'), false))
    nowMs += 20_000
  }
  expect(kept.map(step => [bodyOf(step), 'collapsed' in step ? step.collapsed : step])).toEqual([
    ['made 1', 'miss'],
    ['made 1', undefined],
    ['made 2', 'stale'],
    ['made 2', undefined],
  ])
})

test('of what is past its time, each process asks for a newer one before it makes its own', async () => {
  let nowMs = Date.now()
  const clock = () => nowMs
  const tier = mapTier(clock)
  const made = () => new ResponseCache({ store: new Cache({ clock, shared: { tier } }), clock })
  const [one, other] = [made(), made()]
  const control = { 'cache-control': 'max-age=10, stale-while-revalidate=60' }
  await lead(await one.ask(asked('/'), true))!.keep(answerOf('old', control))
  expect(bodyOf(await other.ask(asked('/'), true))).toBe('old')
  nowMs += 20_000
  const step = await one.ask(asked('/'), true)
  expect(step).toMatchObject({ kind: 'answer', stale: true })
  const before = tier.calls
  expect(await one.ask(asked('/'), true)).toMatchObject({ kind: 'answer', stale: true })
  // It is being made here: nobody waits for the tier once more.
  expect(tier.calls).toBe(before)
  await lead(step)!.keep(answerOf('new', control))
  const there = await other.ask(asked('/'), true)
  expect([bodyOf(there), lead(there)]).toEqual(['new', undefined])
})

test('an answer that varies is made once, whenever others come while it is being kept', async () => {
  const store = new Cache({ shared: { tier: mapTier(Date.now) } })
  const cache = new ResponseCache({ store })
  const step = await cache.ask(asked('/', { 'accept-language': 'de' }), true)
  const keeping = lead(step)!.keep(answerOf('made', { 'cache-control': 'max-age=60', vary: 'Accept-Language' }))
  let isKept = false
  void keeping.then(() => (isKept = true))
  const others: Promise<Step>[] = []
  for (let turn = 0; turn < 1_000 && !isKept; turn++) {
    others.push(cache.ask(asked('/', { 'accept-language': 'de' }), true))
    await Promise.resolve()
  }
  expect([await keeping, isKept]).toEqual([undefined, true])
  expect(new Set((await Promise.all(others)).map(bodyOf))).toEqual(new Set(['made']))
})

test('a body of another length than it was said to have is not kept', async () => {
  const cache = new ResponseCache({ store: new Cache(), maxBodyBytes: 10 })
  const keep = async (body: string, length: number) =>
    lead(await cache.ask(asked('/'), true))!.keep(
      answerOf(body, { 'cache-control': 'max-age=60', 'content-length': length }),
    )
  expect([await keep('half', 8), await keep('far too long', 12), await keep('whole', 5)]).toEqual([
    'incomplete',
    'size',
    undefined,
  ])
})

test('what belongs to one connection or one request is not kept with an answer', () => {
  const headers = { connection: 'x-hop', 'x-hop': '1', 'keep-alive': '5', 'x-request-id': '7', 'ratelimit-remaining': '3', 'set-cookie': 'a', age: '9', etag: '"1"', date: 'now' } // prettier-ignore
  expect(keptHeaders(headers)).toEqual({ etag: '"1"', date: 'now' })
})

test('must-revalidate forbids what is stale, and an age of the origin counts', async () => {
  let nowMs = 1_000_000
  const cache = new ResponseCache({ store: new Cache({ clock: () => nowMs }), clock: () => nowMs })
  const keep = async (url: string, headers: Headers) =>
    lead(await cache.ask(asked(url), true))!.keep(answerOf(url, headers))
  await keep('/strict', { 'cache-control': 'max-age=10, stale-while-revalidate=60, must-revalidate' })
  await keep('/aged', { 'cache-control': 'max-age=10', age: '7' })
  await keep('/expires', { expires: 'Thu, 01 Jan 1970 00:17:00 GMT' })
  nowMs += 4_000
  const found = async (url: string) => bodyOf(await cache.ask(asked(url), true))
  expect([await found('/strict'), await found('/aged'), await found('/expires')]).toEqual([
    '/strict',
    'miss',
    '/expires',
  ])
  nowMs += 7_000
  expect(await found('/strict')).toBe('miss')
})

test('a duration says its unit, and a bound is one', () => {
  expect(cacheControl.publicFor('1.5m')).toBe('public, max-age=90')
  for (const wrong of ['60', '1w', '-1s', '0.5s', 's'])
    expect(() => cacheControl.privateFor(wrong as '1s')).toThrow(RangeError)
  expect(() => new ResponseCache({ store: new Cache(), maxBodyBytes: -1 })).toThrow(RangeError)
})
