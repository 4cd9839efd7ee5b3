/** The workload against a real small service: what is filled, what is skipped, and what the user is told to give. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requestSender } from './http-client.ts'
import { planWorkload } from './plan-workload.ts'
import type { WorkloadInput } from './workload-input.ts'

let server: Server
let baseUrl: URL
const received: string[] = []

beforeAll(async () => {
  server = createServer(answer)
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  baseUrl = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
afterAll(() => new Promise(done => server.close(done)))

describe('planWorkload', () => {
  it('fills ids from the list of the same collection', async () => {
    const workload = await plan({ frameworkRoutes: [get('/orders'), get('/orders/:id')] })
    expect(workload.skipped).toEqual([])
    expect(workload.keysFrom).toEqual({ 'GET /orders/:id': 'GET /orders' })
    expect(pathsOf(workload, 'GET /orders')).toEqual(['/orders'])
    expect(pathsOf(workload, 'GET /orders/:id')).toEqual(['/orders/1', '/orders/2', '/orders/3'])
  })

  it('prefers keys of the whole table to the first page of a list', async () => {
    const asked: unknown[] = []
    const workload = await plan({ frameworkRoutes: [get('/orders/:id')] }, async (table, column, count) => {
      asked.push([table, column, count])
      return table === 'orders' ? ['3', '9', '5000'] : undefined
    })
    expect(asked[0]).toEqual(['orders', undefined, 200])
    expect(workload.keysFrom).toEqual({ 'GET /orders/:id': 'table orders' })
    expect(pathsOf(workload, 'GET /orders/:id')).toEqual(['/orders/3', '/orders/5000', '/orders/9'])
  })

  it('tries what the service shows instead of a primary key when that answers 404', async () => {
    const workload = await plan({ frameworkRoutes: [get('/orders/:id')] }, async (table, column) => {
      if (table !== 'orders') return undefined
      return column === undefined ? ['a', 'b', 'c'] : column === 'document_id' ? ['1', '3'] : undefined
    })
    expect(workload.skipped).toEqual([])
    expect(workload.keysFrom).toEqual({ 'GET /orders/:id': 'document_id of table orders' })
    expect(pathsOf(workload, 'GET /orders/:id')).toEqual(['/orders/1', '/orders/3'])
  })

  it('falls back to the list when the keys of the table are not those of the route', async () => {
    const workload = await plan({ frameworkRoutes: [get('/people/:name')] }, async () => ['nobody', 'noone'])
    expect(workload.keysFrom).toEqual({ 'GET /people/:name': 'GET /people' })
    expect(pathsOf(workload, 'GET /people/:name')).toEqual(['/people/ada', '/people/grace%20h'])
  })

  it('asks the list of each parent for the keys below it', async () => {
    const workload = await plan({ frameworkRoutes: [get('/orders/:orderId/items/:itemId')] })
    expect(pathsOf(workload, 'GET /orders/:orderId/items/:itemId')).toEqual([
      '/orders/1/items/11',
      '/orders/1/items/12',
      '/orders/2/items/21',
      '/orders/2/items/22',
      '/orders/3/items/31',
      '/orders/3/items/32',
    ])
  })

  it('takes keys from a file before anything else', async () => {
    const workload = await plan({ frameworkRoutes: [get('/orders/:id')], ids: { orders: ['7', '8'] } })
    expect(pathsOf(workload, 'GET /orders/:id')).toEqual(['/orders/7', '/orders/8'])
  })

  it('takes the values of a typed query from a file', async () => {
    const workload = await plan({ routes: ['GET /orders?limit=2&q=:term'], ids: { term: ['a b', 'c&d'] } })
    expect(new Set(pathsOf(workload, 'GET /orders'))).toEqual(
      new Set(['/orders?limit=2&q=a%20b', '/orders?limit=2&q=c%26d']),
    )
  })

  it('does not send the name of a value in a query where no values were given', async () => {
    const workload = await plan({ routes: ['GET /orders?q=:term'], ids: { other: ['1'] } })
    expect(workload.skipped).toEqual([
      { route: 'GET /orders', why: 'no values known for :term', give: '--ids term=values.txt' },
    ])
  })

  it('tells of values for a name that no route has', async () => {
    const workload = await plan({ frameworkRoutes: [get('/orders/:id')], ids: { orders: ['7'], ordres: ['8'] } })
    expect(workload.problems).toEqual([
      { file: '--ids ordres', why: 'no route to call has a parameter or a collection of that name' },
    ])
  })

  it('lists what it cannot call, with what to give', async () => {
    const workload = await plan({
      frameworkRoutes: [
        get('/invoices/:number'),
        get('/private'),
        get('/search'),
        get('/events'),
        get('/static/*'),
        { method: 'POST', pattern: '/orders' },
        { method: 'DELETE', pattern: '/orders/:id' },
        { method: 'POST', pattern: '/graphql' },
      ],
    })
    expect(workload.routes).toEqual([])
    expect(workload.skipped.map(({ route, why, give }) => `${route} | ${why} | ${give}`)).toMatchInlineSnapshot(`
      [
        "GET /static/* | a wildcard or regular expression cannot be filled | --route 'GET /…'",
        "GET /invoices/:number | no values known for :number | --ids invoices=ids.txt, or --route 'GET /invoices/1'",
        "GET /private | GET /private answers 401 | --header 'authorization: Bearer …' or --login 'POST /login {…}'",
        "GET /search | GET /search answers 400 | --route 'GET /search?…' with the parameters it needs",
        "GET /events | it streams events without end | nothing: such a route has no response time",
        "POST /orders | POST changes data unless you say that it does not | --request 'POST /orders {…}' if repeating it does no harm",
        "DELETE /orders/:id | DELETE changes data unless you say that it does not | --request 'DELETE /orders/:id' if repeating it does no harm",
        "POST /graphql | a GraphQL endpoint needs a query | --request 'POST /graphql {"query":"query Orders { orders { id } }"}'",
      ]
    `)
  })

  it('keeps a route that answers 500, because that is worth measuring', async () => {
    const workload = await plan({ frameworkRoutes: [get('/broken')] })
    expect(pathsOf(workload, 'GET /broken')).toEqual(['/broken'])
  })

  it('counts a GraphQL query by POST as a read and names it by its operation', async () => {
    const workload = await plan({ requests: ['POST /graphql {"query":"query Orders { orders { id } }"}'] })
    expect(workload.routes).toEqual([
      {
        route: 'POST /graphql Orders',
        weight: 1,
        requests: [
          {
            method: 'POST',
            path: '/graphql',
            headers: {
              accept: 'application/json, */*;q=0.5',
              'accept-encoding': 'gzip',
              'content-type': 'application/json',
            },
            body: '{"query":"query Orders { orders { id } }"}',
          },
        ],
      },
    ])
  })

  it('sends no request that changes data while planning, also one that is marked safe', async () => {
    received.length = 0
    await plan({ frameworkRoutes: [{ method: 'POST', pattern: '/orders' }], requests: ['POST /orders {"a":1}'] })
    expect(received).toEqual([])
  })

  it('logs in once and sends the token with every request', async () => {
    const workload = await plan({ frameworkRoutes: [get('/private')], login: 'POST /login {"user":"ada"}' })
    expect(workload.routes[0]?.requests[0]?.headers.authorization).toBe('Bearer secret-1')
  })

  it.each([
    ['POST /login-wrong {"user":"ada"}', 'the login request failed: it answered 401'],
    ['POST /login-empty {}', /no token in its answer/],
    ['login please', 'cannot read the --login (it begins with neither a method nor a path)'],
  ])('refuses the login %s', async (login, message) => {
    await expect(plan({ frameworkRoutes: [get('/orders')], login })).rejects.toThrow(message)
  })

  it('lets the recorded mix decide the routes and their weights', async () => {
    const line = (path: string, status = 200) =>
      `127.0.0.1 - - [21/Nov/2026:02:00:00 +0000] "GET ${path} HTTP/1.1" ${status} 12 "-" "curl"`
    const text = [line('/orders/1'), line('/orders/2?full=1'), line('/orders'), 'garbage', line('/orders/9', 500)].join(
      '\n',
    )
    const workload = await plan({
      frameworkRoutes: [get('/orders/:orderId'), get('/broken')],
      accessLog: { file: 'access.log', text },
    })
    expect(workload.routes.map(({ route, weight }) => [route, weight])).toEqual([
      ['GET /orders/:orderId', 2],
      ['GET /orders', 1],
    ])
    expect(workload.problems).toEqual([
      { file: 'access.log', line: 4, why: 'neither combined format nor JSON', text: 'garbage' },
      { file: 'access.log', why: 'left out 1 request answered with 4xx or 5xx' },
    ])
  })

  it('reads pages over the whole length of a list when OpenAPI names the parameter', async () => {
    const text = `
openapi: 3.0.3
paths:
  /catalogue:
    get:
      parameters:
        - { name: page, in: query, schema: { type: integer, minimum: 1 } }
        - { name: limit, in: query, schema: { type: integer, default: 10 } }
`
    const workload = await plan({ openapi: { file: 'openapi.yaml', text } })
    const pages = pathsOf(workload, 'GET /catalogue').map(path => Number(/page=(\d+)/.exec(path)?.[1]))
    expect(pathsOf(workload, 'GET /catalogue')[0]).toMatch(/^\/catalogue\?page=\d+&limit=10$/)
    expect(Math.min(...pages)).toBeLessThan(10)
    expect(Math.max(...pages)).toBeGreaterThan(90)
    expect(Math.max(...pages)).toBeLessThanOrEqual(100)
  })

  it('names what was typed as the framework does, so that it meets its traces', async () => {
    const workload = await plan({
      frameworkRoutes: [get('/orders/:orderId'), { method: 'POST', pattern: '/orders/:orderId' }, get('/people')],
      routes: ['GET /orders/{id}', 'GET /people 3'],
      requests: ['POST /orders/5 {"a":1}', 'POST /orders/6 {"a":1}'],
    })
    expect(workload.routes.map(({ route, weight, requests }) => [route, weight, requests.length])).toEqual([
      ['POST /orders/:orderId', 2, 2],
      ['GET /orders/:orderId', 1, 3],
      ['GET /people', 3, 1],
    ])
  })

  it('fills what was typed and names it as the framework does, when that declares less of the path', async () => {
    const workload = await plan({
      frameworkRoutes: [get('/:kind/:key'), get('/:kind')],
      routes: ['GET /orders/:id', 'GET /people/:name 2', 'GET /orders'],
    })
    expect(workload.routes.map(({ route, weight }) => [route, weight])).toEqual([
      ['GET /:kind/:key', 3],
      ['GET /:kind', 1],
    ])
    expect(pathsOf(workload, 'GET /:kind/:key')).toEqual([
      '/orders/1',
      '/orders/2',
      '/orders/3',
      '/people/ada',
      '/people/grace%20h',
    ])
  })

  it('describes a route of the framework by the OpenAPI operation of the same shape', async () => {
    const text =
      '{"openapi":"3.0.0","paths":{"/orders/{id}":{"get":{"parameters":[{"name":"id","in":"path","example":9},{"name":"view","in":"query","schema":{"enum":["full"]}}]}}}}'
    const workload = await plan({
      frameworkRoutes: [get('/orders/:orderId')],
      openapi: { file: 'api.json', text },
      ids: { orders: ['7'] },
    })
    expect(workload.routes.map(({ route }) => route)).toEqual(['GET /orders/:orderId'])
    expect(pathsOf(workload, 'GET /orders/:orderId')).toEqual(['/orders/7?view=full'])
  })

  it('makes the same workload from the same seed', async () => {
    const input = { frameworkRoutes: [get('/orders/:id')], seed: 7, requestsPerRoute: 2 }
    expect(await plan(input)).toEqual(await plan(input))
  })
})

function plan(
  input: Partial<WorkloadInput>,
  sampleKeys?: (table: string, column: string | undefined, count: number) => Promise<readonly string[] | undefined>,
) {
  return planWorkload(
    { seed: 1, ...input },
    { send: requestSender(baseUrl, 2000), ...(sampleKeys === undefined ? {} : { sampleKeys }) },
  )
}

function get(pattern: string) {
  return { method: 'GET', pattern }
}

function pathsOf(workload: Awaited<ReturnType<typeof plan>>, route: string): string[] {
  return (workload.routes.find(one => one.route === route)?.requests ?? []).map(({ path }) => path).sort()
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url ?? ''
  received.push(`${request.method} ${url}`)
  const json = (value: unknown, status = 200) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  const item = /^\/orders\/(\d+)(?:\?.*)?$/.exec(url)
  const items = /^\/orders\/(\d)\/items$/.exec(url)
  if (url === '/orders' || url.startsWith('/orders?limit=2&q=')) return void json([{ id: 1 }, { id: 2 }, { id: 3 }])
  if (item) return void json({ id: Number(item[1]) })
  if (items) return void json({ items: [1, 2].map(n => ({ id: Number(items[1]) * 10 + n })) })
  if (/^\/orders\/(\d)\/items\/\1\d$/.test(url)) return void json({})
  if (url === '/people') return void json({ data: [{ name: 'ada' }, { name: 'grace h' }] })
  if (url === '/people/ada' || url === '/people/grace%20h') return void json({})
  if (url === '/private') return void json({}, request.headers.authorization === 'Bearer secret-1' ? 200 : 401)
  if (url === '/login') return void json({ data: { access_token: 'secret-1' } })
  if (url === '/login-empty') return void json({})
  if (url === '/login-wrong') return void json({}, 401)
  if (url === '/search') return void json({ error: 'q is required' }, 400)
  if (url === '/broken') return void json({}, 500)
  if (url.startsWith('/catalogue')) return void json({ items: [{ id: 1 }], total: 1000 })
  if (url === '/graphql') return void json({ data: {} })
  if (url === '/events')
    return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
  json({ error: 'not found' }, 404)
}
