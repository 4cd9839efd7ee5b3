import { afterEach, expect, test, vi } from 'vitest'
import { Cache } from '../index.ts'
import { cacheControl, ResponseCache } from './index.ts'
import { type App, type Handler, startApp } from './testing/app.ts'
import { ask } from './testing/ask.ts'

const apps: App[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(apps.splice(0).map(app => app.close()))
})

async function started(handler: Handler): Promise<string> {
  const app = await startApp('fastify over HTTP/2', { cache: new ResponseCache({ store: new Cache() }) }, handler)
  apps.push(app)
  return app.url
}

const forAMinute = { 'cache-control': cacheControl.publicFor('1m') }

test('hosts of one server get their own answers', async () => {
  const url = await started(({ headers }) => ({ headers: forAMinute, body: `for ${headers[':authority']}` }))
  const at = async (host: string) => (await ask(url, { headers: { ':authority': host } })).body
  expect([await at('a.example'), await at('b.example'), await at('a.example')]).toEqual([
    'for a.example',
    'for b.example',
    'for a.example',
  ])
})

test.each([':scheme', 'host'])('what a client says by %s reaches nobody else through the cache', async name => {
  const url = await started(({ headers }) => ({ headers: forAMinute, body: `link to ${headers[name]}` }))
  expect((await ask(url, { headers: { [name]: 'evil' } })).body).toBe('link to evil')
  expect((await ask(url)).body).not.toContain('evil')
})

test('a GET with a body that no header announces is no GET without one', async () => {
  let calls = 0
  const url = await started(() => ({ headers: forAMinute, body: `answer ${++calls}` }))
  const withBody = await ask(url, { body: 'evil' })
  expect([withBody.body, withBody.headers['cache-status']]).toEqual(['answer 1', 'whetstone; fwd=request'])
  expect((await ask(url)).body).toBe('answer 2')
})

test('an answer that is old, or spared, causes no warning', async () => {
  const warned = vi.spyOn(process, 'emitWarning')
  const url = await started(() => ({ headers: forAMinute, body: 'answer' }))
  const { headers } = await ask(url)
  expect((await ask(url, { headers: { 'if-none-match': headers['etag'] as string } })).status).toBe(304)
  expect(warned).not.toHaveBeenCalled()
})
