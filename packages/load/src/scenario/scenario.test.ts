/** What a scenario sends, and as whom, against a real server. */
import { afterEach, describe, expect, it } from 'vitest'
import { list } from './data/feeder.ts'
import { call, del, get, patch, post, put, request } from './define.ts'
import type { ScenarioDefinition } from './definition.ts'
import type { Answering, Shop } from './testing/shop.ts'
import { answerJson, startShop } from './testing/shop.ts'
import { driveSteps } from './testing/steps.ts'

let shop: Shop

afterEach(() => shop?.close())

describe('requests', () => {
  it('fills names into path, query, headers and bodies, each by its own rules', async () => {
    shop = await startShop()
    const driven = await driveSteps(
      shop.target,
      [
        get('/a-b/{word}?q={word}&n={{word}}'),
        get('/search', { query: { text: '{word}', page: 2 } }),
        get('/h', { headers: { 'x-word': 'is {word}' } }),
        post('/text', { body: 'say {word}' }),
        post('/json', { json: { a: '{word}', b: 'say {word}', n: '{number}', list: [1, '{row}'], '{key}': null } }),
        post('/form', { form: { word: '{word}', 'a b': 'c d' } }),
        get('{+link}'),
      ],
      {
        data: {
          word: 'é/"& ü',
          number: 7,
          row: list([{ id: 1, text: '→' }]),
          link: 'http://elsewhere:1/next/page?after=a%2Fb&x=é',
        },
      },
    )
    expect(driven.faults).toEqual([])
    const [path, query, headers, text, asJson, form, link] = shop.seen
    expect(path!.url).toBe('/a-b/%C3%A9%2F%22%26%20%C3%BC?q=%C3%A9%2F%22%26%20%C3%BC&n={word}')
    expect(query!.url).toBe('/search?text=%C3%A9%2F%22%26%20%C3%BC&page=2')
    expect(Buffer.from(headers!.headers['x-word'] as string, 'latin1').toString()).toBe('is é/"& ü')
    expect(text!.body).toBe('say é/"& ü')
    expect(JSON.parse(asJson!.body)).toEqual({
      a: 'é/"& ü',
      b: 'say é/"& ü',
      n: 7,
      list: [1, { id: 1, text: '→' }],
      '{key}': null,
    })
    expect(asJson!.headers['content-type']).toBe('application/json')
    expect([...new URLSearchParams(form!.body)]).toEqual([
      ['word', 'é/"& ü'],
      ['a b', 'c d'],
    ])
    expect(link!.url).toBe('/next/page?after=a%2Fb&x=%C3%A9')
  })

  it('sends every method, the headers of the scenario, and those of the step over them', async () => {
    shop = await startShop()
    await driveSteps(
      shop.target,
      [
        put('/1', { body: 'x', headers: { Accept: 'text/plain' } }),
        patch('/2', { json: {} }),
        del('/3'),
        request('OPTIONS', '/4'),
        get('/5', { headers: { host: 'shop.test' } }),
      ],
      { headers: { accept: 'application/json', 'x-user': '{arrival}' } },
      [41],
    )
    expect(shop.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'PUT /1',
      'PATCH /2',
      'DELETE /3',
      'OPTIONS /4',
      'GET /5',
    ])
    expect(shop.seen.map(({ headers }) => headers.accept)).toEqual([
      'text/plain',
      ...Array<string>(4).fill('application/json'),
    ])
    expect(shop.seen.map(({ headers }) => headers['x-user'])).toEqual(Array(5).fill('41'))
    expect(shop.seen[4]!.headers.host).toBe('shop.test')
    expect(shop.seen[0]!.headers.host).toBe(`127.0.0.1:${shop.target.port}`)
  })

  it('ends a user whose value is missing, is a whole object, or breaks a header', async () => {
    shop = await startShop()
    const driven = await driveSteps(
      shop.target,
      [get('/{row.id}', { with: { row: list([{}, { id: { deep: 1 } }, { id: null }]) } })],
      {},
      [0, 1, 2],
    )
    expect(driven.faults).toEqual([
      '{row.id} has no value',
      '{row.id} is a whole object; name one of its properties',
      '{row.id} has no value',
    ])
    const injected = await driveSteps(shop.target, [get('/', { headers: { 'x-a': '{a}' } })], {
      data: { a: 'b\r\nx-evil: 1' },
    })
    expect(injected.faults).toEqual(['a value for a header holds a line break'])
    expect(shop.seen).toEqual([])
  })
})

describe('cookies', () => {
  it('are kept for each user, by path, until the server takes them back', async () => {
    shop = await startShop((seen, response) => {
      if (seen.url === '/login') response.setHeader('set-cookie', ['sid=1; Path=/; HttpOnly', 'deep=2; Path=/admin'])
      if (seen.url === '/logout') response.setHeader('set-cookie', 'sid=; Path=/; Max-Age=0')
      response.end()
    })
    const steps = [get('/login'), get('/items'), get('/admin/x'), get('/logout'), get('/items')]
    await driveSteps(shop.target, steps, {}, [0, 1])
    const sent = shop.seen.map(({ headers }) => headers.cookie)
    const one = [undefined, 'sid=1', 'deep=2; sid=1', 'sid=1', undefined]
    expect(sent).toEqual([...one, ...one])
  })

  it('are left alone where the scenario says so', async () => {
    shop = await startShop((_seen, response) => {
      response.setHeader('set-cookie', 'sid=1')
      response.end()
    })
    await driveSteps(shop.target, [get('/a'), get('/b')], { cookies: false })
    expect(shop.seen[1]!.headers.cookie).toBeUndefined()
  })
})

describe('setup, calls and teardown', () => {
  it('hands what setup returned to every user, as JSON would', async () => {
    shop = await startShop((seen, response) => answerJson(response, seen.url === '/login' ? { token: 't-1' } : {}))
    const ended: unknown[] = []
    await driveSteps(shop.target, [get('/me', { headers: { authorization: 'Bearer {shared.token}' } })], {
      setup: async http => ({
        token: (await http.post('/login', { json: { user: 'a' } })).json().token,
        at: new Date(0),
      }),
      teardown: async (shared, http) => {
        ended.push(shared)
        await http.delete('/login')
      },
    })
    expect(shop.seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /login', 'GET /me', 'DELETE /login'])
    expect(shop.seen[0]).toMatchObject({ body: '{"user":"a"}', headers: { 'content-type': 'application/json' } })
    expect(shop.seen[1]!.headers.authorization).toBe('Bearer t-1')
    expect(ended).toEqual([{ token: 't-1', at: '1970-01-01T00:00:00.000Z' }])
  })

  it('says which function failed, with the line and what the service answered', async () => {
    shop = await startShop((_seen, response) => {
      response.statusCode = 401
      response.end('wrong password')
    })
    const failing = driveSteps(shop.target, [get('/')], { setup: http => http.get('/login') })
    await expect(failing).rejects.toMatchObject({
      code: 'WHET_SCENARIO_FAILED',
      message: expect.stringMatching(/setup failed: GET \/login was answered 401: wrong password$/) as string,
      hint: 'if that is an answer too: { allow: [401] }',
    })
  })

  it('lets a call ask the service as the user and leave names behind', async () => {
    shop = await startShop((seen, response) => {
      if (seen.url === '/a') response.setHeader('set-cookie', 'sid=7')
      answerJson(response, { sum: 3 })
    })
    await driveSteps(
      shop.target,
      [
        get('/a'),
        call(
          'sign',
          async user => {
            user.variables['signature'] = (await user.http.get('/sign')).json().sum + user.arrival
          },
          { gives: ['signature'] },
        ),
        get('/b/{signature}'),
      ],
      {},
      [10],
    )
    expect(shop.seen.map(({ url, headers }) => [url, headers.cookie])).toEqual([
      ['/a', undefined],
      ['/sign', 'sid=7'],
      ['/b/13', 'sid=7'],
    ])
  })
})

describe('auth', () => {
  const guarded =
    (valid: () => string): Answering =>
    (seen, response) => {
      if (seen.url !== '/login' && seen.headers.authorization !== `Bearer ${valid()}`) response.statusCode = 401
      answerJson(response, { token: valid() })
    }
  const login: ScenarioDefinition['auth'] = {
    token: async ({ http }) => (await http.post('/login')).json().token,
  }

  it('sends one token for all users, fetched before the first', async () => {
    shop = await startShop(guarded(() => 'a'))
    const driven = await driveSteps(shop.target, [get('/me', { expect: { status: 200 } })], { auth: login }, [0, 1])
    expect(driven.checks).toEqual({ 'status 200': [2, 0] })
    expect(shop.seen.map(({ url }) => url)).toEqual(['/login', '/me', '/me'])
  })

  it('fetches a refused token anew, once, and sends the request again', async () => {
    let valid = 'a'
    shop = await startShop((seen, response) => {
      if (seen.url === '/first') valid = 'b'
      guarded(() => valid)(seen, response)
    })
    const driven = await driveSteps(
      shop.target,
      [get('/zero'), get('/first', { auth: false }), get('/me', { expect: { status: 200 } })],
      { auth: login },
    )
    expect(driven.checks).toEqual({ 'status 200': [1, 0] })
    expect(shop.seen.map(({ url }) => url)).toEqual(['/login', '/zero', '/first', '/me', '/login', '/me'])
    expect(driven.statuses.map(({ status }) => status)).toEqual([200, 401, 401, 200])
  })

  it('gives up after the second refusal, and counts that as the answer', async () => {
    shop = await startShop((seen, response) => {
      if (seen.url !== '/login') response.statusCode = 401
      answerJson(response, { token: 'a' })
    })
    const driven = await driveSteps(shop.target, [get('/me', { expect: { status: 200 } })], { auth: login })
    expect(driven.checks).toEqual({ 'status 200': [0, 1] })
    expect(shop.seen.map(({ url }) => url)).toEqual(['/login', '/me', '/login', '/me'])
  })

  it('gives each user a token of its own where asked', async () => {
    shop = await startShop((seen, response) => answerJson(response, { token: `t${seen.body}` }))
    await driveSteps(
      shop.target,
      [get('/me')],
      {
        data: { account: list(['x', 'y']) },
        auth: {
          per: 'user',
          header: 'x-key',
          as: 'key {token}',
          token: async ({ http, user }) =>
            (await http.post('/login', { body: String(user!.variables['account']) })).json().token,
        },
      },
      [0, 1],
    )
    expect(shop.seen.map(({ url, headers }) => [url, headers['x-key']])).toEqual([
      ['/login', undefined],
      ['/me', 'key tx'],
      ['/login', undefined],
      ['/me', 'key ty'],
    ])
  })
})
