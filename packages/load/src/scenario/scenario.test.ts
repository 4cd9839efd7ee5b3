/** What a scenario sends, reads and counts, against a real server. */
import { afterEach, describe, expect, it } from 'vitest'
import { check, contains, json, matches } from './check.ts'
import { compileScenario } from './compile.ts'
import type { CompiledScenario } from './compiled.ts'
import { generate, list, range } from './data/feeder.ts'
import { call, del, flow, get, patch, post, put, request, scenario } from './define.ts'
import { exponential, think } from './think-time.ts'
import type { Flow, ScenarioDefinition, Step } from './definition.ts'
import { cookie, header, jsonPath, regex, status } from './extract.ts'
import { drive } from './testing/drive.ts'
import type { Answering, Shop } from './testing/shop.ts'
import { answerJson, startShop } from './testing/shop.ts'

let shop: Shop

afterEach(() => shop?.close())

describe('requests', () => {
  it('fills names into path, query, headers and bodies, each by its own rules', async () => {
    shop = await startShop()
    const driven = await driveSteps(
      [
        get('/a b'.replace(' ', '-') + '/{word}?q={word}&n={{word}}'),
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
      [get('/{row.id}', { with: { row: list([{}, { id: { deep: 1 } }, { id: null }]) } })],
      {},
      [0, 1, 2],
    )
    expect(driven.faults).toEqual([
      '{row.id} has no value',
      '{row.id} is a whole object; name one of its properties',
      '{row.id} has no value',
    ])
    const injected = await driveSteps([get('/', { headers: { 'x-a': '{a}' } })], { data: { a: 'b\r\nx-evil: 1' } })
    expect(injected.faults).toEqual(['a value for a header holds a line break'])
    expect(shop.seen).toEqual([])
  })
})

describe('checks', () => {
  it('counts each by name, and goes on after a failed one', async () => {
    shop = await startShop((_seen, response) => answerJson(response, { total: 3, items: [{ id: 'a' }] }))
    const driven = await driveSteps([
      get('/items', {
        expect: {
          status: 200,
          body: [contains('"total":3'), matches(/"id":"b"/g), json('$.total', 3), json('$.items[0]', { id: 'a' })],
          header: { 'content-type': contains('json'), 'x-none': 'a', connection: /close/ },
          below: '5s',
          checks: [
            check(
              'one item',
              json('$.items', (items: unknown[]) => items.length === 1),
            ),
            check('stumbles', answer => answer.json().nothing.here),
            check('own', (answer, user) => answer.status === 200 && user.arrival === 0),
          ],
        },
      }),
      get('/again', { expect: { status: '4xx' } }),
      get('/list', { expect: { status: [200, 204] } }),
    ])
    expect(driven.checks).toEqual({
      'status 200': [1, 0],
      'body contains "total":3': [1, 0],
      'body matches /"id":"b"/g': [0, 1],
      'body $.total is 3': [1, 0],
      'body $.items[0] is {"id":"a"}': [1, 0],
      'content-type contains json': [1, 0],
      'x-none is a': [0, 1],
      'connection matches /close/': [1, 0],
      'below 5s': [1, 0],
      'one item': [1, 0],
      stumbles: [0, 1],
      own: [1, 0],
      'status 4xx': [0, 1],
      'status 200 or 204': [1, 0],
    })
    expect(shop.seen).toHaveLength(3)
  })

  it('ends the flow where orStop asks for it', async () => {
    shop = await startShop()
    const driven = await driveSteps([get('/a', { expect: { status: 201, orStop: true } }), get('/b')])
    expect(driven.checks).toEqual({ 'status 201': [0, 1] })
    expect(shop.seen).toHaveLength(1)
  })

  it('reads compressed bodies', async () => {
    const { gzipSync } = await import('node:zlib')
    shop = await startShop((_seen, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync('{"id":"x"}'))
    })
    const driven = await driveSteps([get('/z', { expect: { body: json('$.id', 'x') } })])
    expect(driven.checks).toEqual({ 'body $.id is "x"': [1, 0] })
  })
})

describe('extract', () => {
  it('takes values from body, header, cookie and status for later steps', async () => {
    shop = await startShop((seen, response) =>
      seen.url === '/first'
        ? answerJson(response, [{ id: 'a-1' }, { id: 'b-2' }], {
            location: '/orders/9',
            'set-cookie': 'sid=s3; Path=/',
          })
        : response.end(),
    )
    await driveSteps([
      get('/first', {
        extract: {
          id: jsonPath('$[0].id'),
          last: jsonPath('$[-1].id'),
          digit: regex(/"b-(\d)"/),
          whole: regex(/b-\d/),
          next: header('Location'),
          session: cookie('sid'),
          code: status(),
          own: answer => answer.json().length,
          missing: jsonPath('$[7].id', { otherwise: 'none' }),
        },
      }),
      get('/{id}/{last}/{digit}/{whole}/{session}/{code}/{own}/{missing}'),
      get('{+next}'),
    ])
    expect(shop.seen.map(({ url }) => url)).toEqual(['/first', '/a-1/b-2/2/b-2/s3/200/2/none', '/orders/9'])
  })

  it('draws an element of a list by the number of the user', async () => {
    const ids = Array.from({ length: 50 }, (_, id) => ({ id }))
    shop = await startShop((seen, response) => answerJson(response, seen.url === '/list' ? ids : {}))
    const steps = [get('/list', { extract: { one: jsonPath('$[*].id') } }), get('/item/{one}')]
    await driveSteps(steps, {}, [1, 2, 3, 4, 5])
    const first = shop.seen.splice(0).map(({ url }) => url)
    await driveSteps(steps, {}, [1, 2, 3, 4, 5])
    expect(shop.seen.map(({ url }) => url)).toEqual(first)
    expect(new Set(first).size).toBeGreaterThan(4)
  })

  it('counts a value that is not there as a failed check and ends the flow', async () => {
    shop = await startShop()
    const driven = await driveSteps([get('/a', { extract: { id: jsonPath('$.id') } }), get('/b/{id}')])
    expect(driven.checks).toEqual({ 'finds {id}': [0, 1] })
    expect(shop.seen).toHaveLength(1)
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
    await driveSteps(steps, {}, [0, 1])
    const sent = shop.seen.map(({ headers }) => headers.cookie)
    const one = [undefined, 'sid=1', 'deep=2; sid=1', 'sid=1', undefined]
    expect(sent).toEqual([...one, ...one])
  })

  it('are left alone where the scenario says so', async () => {
    shop = await startShop((_seen, response) => {
      response.setHeader('set-cookie', 'sid=1')
      response.end()
    })
    await driveSteps([get('/a'), get('/b')], { cookies: false })
    expect(shop.seen[1]!.headers.cookie).toBeUndefined()
  })
})

describe('setup, calls and teardown', () => {
  it('hands what setup returned to every user, as JSON would', async () => {
    shop = await startShop((seen, response) => answerJson(response, seen.url === '/login' ? { token: 't-1' } : {}))
    const ended: unknown[] = []
    await driveSteps([get('/me', { headers: { authorization: 'Bearer {shared.token}' } })], {
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
    const failing = driveSteps([get('/')], { setup: http => http.get('/login') })
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
    const driven = await driveSteps([get('/me', { expect: { status: 200 } })], { auth: login }, [0, 1])
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
    const driven = await driveSteps([get('/me', { expect: { status: 200 } })], { auth: login })
    expect(driven.checks).toEqual({ 'status 200': [0, 1] })
    expect(shop.seen.map(({ url }) => url)).toEqual(['/login', '/me', '/login', '/me'])
  })

  it('gives each user a token of its own where asked', async () => {
    shop = await startShop((seen, response) => answerJson(response, { token: `t${seen.body}` }))
    await driveSteps(
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

describe('data', () => {
  it('draws rows by the global number of the user, so that workers never take one out of turn', () => {
    const compiled = compile([get('/{item}/{page}')], { data: { item: list(['a', 'b', 'c']), page: range(10, 14) } })
    const drawnBy = (arrivals: number[]) =>
      arrivals.map(arrival => compiled.flows[0]!.user(arrival, undefined).variables)
    const all = [0, 1, 2, 3, 4, 5, 6, 7]
    const whole = drawnBy(all)
    expect(whole.map(({ item, page }) => `${String(item)}${String(page)}`)).toEqual([
      'a10',
      'b11',
      'c12',
      'a13',
      'b14',
      'c10',
      'a11',
      'b12',
    ])
    expect(
      [...drawnBy([0, 2, 4, 6]), ...drawnBy([1, 3, 5, 7])].toSorted(
        (a, b) => Number(a['arrival']) - Number(b['arrival']),
      ),
    ).toEqual(whole)
  })

  it('repeats random draws by the seed and spreads them evenly', () => {
    const draws = (seed: number) => {
      const compiled = compile([get('/{n}')], { data: { n: range(0, 9, { order: 'random' }) } }, seed)
      return Array.from({ length: 5_000 }, (_, arrival) => compiled.flows[0]!.user(arrival, undefined).variables['n'])
    }
    expect(draws(1)).toEqual(draws(1))
    expect(draws(1)).not.toEqual(draws(2))
    const counts = new Map<unknown, number>()
    for (const value of draws(3)) counts.set(value, (counts.get(value) ?? 0) + 1)
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)
    // 99.9 % point of chi-square with nine degrees of freedom.
    expect(chiSquare).toBeLessThan(27.9)
  })

  it('ends the schedule before data that is used once runs out, and says which', async () => {
    const compiled = compile([get('/{a}/{b}')], {
      data: {
        a: list([1, 2, 3], { order: 'once' }),
        b: range(1, 9, { order: 'once' }),
        c: list([1], { order: 'once' }),
      },
    })
    await compiled.prepare!(undefined)
    expect(compiled.arrivalLimit!()).toEqual({ arrivals: 3, because: 'a (a list) is used once and holds 3 rows' })
  })

  it('takes generators by the number of the user, also on the second of two workers', () => {
    const squares = generate(function* () {
      for (let n = 0; n < 5; n++) yield n * n
    })
    const compiled = compile([get('/{square}/{twice}')], {
      data: { square: squares, twice: generate(arrival => arrival * 2) },
    })
    const flow = compiled.flows[0]!
    expect([1, 3].map(arrival => flow.user(arrival, undefined).variables)).toMatchObject([
      { square: 1, twice: 2 },
      { square: 9, twice: 6 },
    ])
    const [step] = flow.steps
    const late = flow.user(5, undefined)
    expect(() => step?.kind === 'request' && step.encode(late)).toThrow(/the generator ended before user 5/)
  })
})

describe('think time', () => {
  it('is fixed, between two times, or exponential, and the same for the same user', async () => {
    shop = await startShop()
    const steps = [think('50ms'), think('200ms..1s'), think(exponential('1s')), get('/')]
    const arrivals = Array.from({ length: 300 }, (_, arrival) => arrival)
    const compiled = compile(steps)
    const times = (index: number) =>
      arrivals.map(arrival => {
        const step = compiled.flows[0]!.steps[index]!
        return step.kind === 'think' ? step.ms(compiled.flows[0]!.user(arrival, undefined)) : NaN
      })
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(new Set(times(0))).toEqual(new Set([50]))
    expect(Math.min(...times(1))).toBeGreaterThanOrEqual(200)
    expect(Math.max(...times(1))).toBeLessThan(1_000)
    expect(mean(times(1))).toBeCloseTo(600, -2)
    expect(mean(times(2)) / 1_000).toBeGreaterThan(0.8)
    expect(mean(times(2)) / 1_000).toBeLessThan(1.2)
    expect(times(2)).toEqual(times(2))
  })
})

describe('the fast path', () => {
  const stateless = (steps: Step[], rest: Partial<ScenarioDefinition> = {}) => compile(steps, rest).flows[0]!.stateless

  it('takes a single request whose answer is not read beyond its status', () => {
    expect(stateless([get('/a', { headers: { host: 'shop' }, expect: { status: 200 } })])).toEqual({
      route: 0,
      method: 'GET',
      fixed: ['GET /a HTTP/1.1\r\nhost: shop\r\n\r\n'],
      expectStatus: { check: 0, status: 200 },
    })
  })

  it('writes few combinations out: values in turn together, random ones crosswise', () => {
    const paths = (data: ScenarioDefinition['data']) =>
      stateless([get('/{a}/{b}', { with: data! })])?.fixed.map(text => text.split(' ')[1])
    expect(paths({ a: list(['x', 'y']), b: range(1, 2) })).toEqual(['/x/1', '/y/2'])
    expect(paths({ a: list(['x', 'y'], { order: 'random' }), b: range(1, 2) })).toEqual([
      '/x/1',
      '/x/2',
      '/y/1',
      '/y/2',
    ])
    expect(paths({ a: range(1, 1_000), b: 'c' })).toHaveLength(1_000)
    expect(paths({ a: range(1, 1_001), b: 'c' })).toBeUndefined()
    expect(paths({ a: range(1, 40, { order: 'random' }), b: range(1, 40, { order: 'random' }) })).toBeUndefined()
  })

  it.each<[string, Step[], Partial<ScenarioDefinition>]>([
    ['two steps', [get('/'), get('/')], {}],
    ['a check of the body', [get('/', { expect: { body: contains('a') } })], {}],
    ['an extraction', [get('/', { extract: { a: status() } })], {}],
    ['two statuses', [get('/', { expect: { status: [200, 201] } })], {}],
    ['the number of the user', [get('/{arrival}')], {}],
    ['what setup gave', [get('/{shared.a}')], {}],
    ['a function of the user', [get('/{a}', { with: { a: () => 1 } })], {}],
    ['data that is used once', [get('/{a}')], { data: { a: list([1], { order: 'once' }) } }],
    ['a generator', [get('/{a}')], { data: { a: generate(() => 1) } }],
    ['a token', [get('/')], { auth: { token: () => 'a' } }],
  ])('leaves %s to a user', (_name, steps, rest) => {
    expect(stateless(steps, rest)).toBeUndefined()
  })
})

function compile(steps: readonly Step[], rest: Partial<ScenarioDefinition> = {}, seed = 1): CompiledScenario {
  const flows: Flow[] = [flow('main', steps)]
  const target = shop === undefined ? { host: '127.0.0.1', port: 1 } : shop.target
  return compileScenario(scenario({ name: 'test', ...rest, flows }), {
    target,
    seed,
    folder: '/',
    now: () => Date.now(),
  })
}

function driveSteps(steps: readonly Step[], rest: Partial<ScenarioDefinition> = {}, arrivals: readonly number[] = [0]) {
  return drive(compile(steps, rest), shop.target, arrivals)
}
