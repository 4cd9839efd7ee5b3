/** Access logs, HARs and OpenAPI documents as tools really write them, and as people break them. */
import { seededRandom } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { readAccessLog } from './access-log.ts'
import { readHar } from './har.ts'
import type { SourceText } from './imported.ts'
import { readOpenapi } from './openapi.ts'
import { candidatesOfDescription, candidatesOfRecording, type RouteCandidate } from './route-candidates.ts'

const options = { patterns: ['/orders/:orderId'], random: seededRandom(1), keepPerRoute: 3 }
const brief = ({ method, pattern, weight, operation, requests }: RouteCandidate) =>
  `${method} ${pattern}${operation === undefined ? '' : ` ${operation}`} ×${weight}: ${requests.map(({ path }) => path).join(' ')}`

const fromLog = (source: SourceText) =>
  candidatesOfRecording(readAccessLog(source), { ...options, origin: 'access-log' })
const fromHar = (source: SourceText, targetHost = 'x') =>
  candidatesOfRecording(readHar(source), { ...options, origin: 'har', targetHost })

describe('readAccessLog', () => {
  it.each<[string, string, string]>([
    [
      'combined',
      '10.0.0.1 - ada [21/Nov/2026:02:00:00 +0000] "GET /orders/7?x=1 HTTP/1.1" 200 512 "-" "curl/8"',
      'GET /orders/:orderId ×1: /orders/7?x=1',
    ],
    ['common', '::1 - - [21/Nov/2026:02:00:00 +0000] "HEAD / HTTP/1.0" 304 -', 'HEAD / ×1: /'],
    ['combined with a time behind it', '1.1.1.1 - - [d] "GET /a HTTP/2.0" 200 1 "-" "x" 0.004', 'GET /a ×1: /a'],
    ['quotes in the agent', '1.1.1.1 - - [d] "GET /a HTTP/1.1" 200 1 "-" "a \\"b\\" c"', 'GET /a ×1: /a'],
    ['nginx JSON', '{"request_method":"GET","request_uri":"/a?b=1","status":"200"}', 'GET /a ×1: /a?b=1'],
    ['pino-http', '{"level":30,"req":{"method":"GET","url":"/a"},"res":{"statusCode":200}}', 'GET /a ×1: /a'],
    ['Traefik', '{"RequestMethod":"GET","RequestPath":"/a","DownstreamStatus":200}', 'GET /a ×1: /a'],
    ['Caddy', '{"request":{"method":"GET","uri":"/a"},"status":200}', 'GET /a ×1: /a'],
    ['a request line in JSON', '{"request":"GET /a HTTP/1.1","status":200}', 'GET /a ×1: /a'],
    [
      'Google Cloud',
      '{"httpRequest":{"requestMethod":"GET","requestUrl":"https://x.test/a?b=1","status":200}}',
      'GET /a ×1: /a?b=1',
    ],
  ])('reads %s', (_name, line, expected) => {
    const { candidates, problems } = fromLog({ file: 'a.log', text: `${line}\n` })
    expect(candidates.map(brief)).toEqual([expected])
    expect(problems).toEqual([])
  })

  it.each<[string, string]>([
    ['2026-11-21 server started', 'neither combined format nor JSON'],
    ['{"level":30,"msg":"started"}', 'JSON without a method and a path'],
    ['{"method":"GET",', 'begins like JSON but is not'],
    ['1.1.1.1 - - [d] "\\x16\\x03\\x01" 400 0', 'not an HTTP request: "\\\\x16\\\\x03\\\\x01"'],
    ['{"method":"GET","url":"orders"}', 'not a path: "orders"'],
    ['{"method":"GET","url":"//other.test/x","status":200}', 'not a path: "//other.test/x"'],
    ['{"method":"GET","url":"http://shop.test//other.test/x"}', 'not a path: "http://shop.test//other.test/x"'],
    ['1.1.1.1 - - [d] "GET //other.test/x HTTP/1.1" 200 1', 'not an HTTP request: "GET //other.test/x HTTP/1.1"'],
  ])('tells file and line of %s', (line, why) => {
    expect(fromLog({ file: 'a.log', text: `\n${line}` }).problems).toEqual([
      { file: 'a.log', line: 2, why, text: line },
    ])
  })

  it('keeps the share of every route and a bounded sample of its requests', () => {
    const text = Array.from({ length: 1000 }, (_, index) => `{"method":"GET","url":"/orders/${index}"}`).join('\n')
    const [candidate] = fromLog({ file: 'a.log', text }).candidates
    expect(candidate).toMatchObject({ pattern: '/orders/:orderId', weight: 1000 })
    expect(candidate?.requests).toHaveLength(3)
    expect(candidate?.requests.some(({ path }) => Number(path.slice(8)) > 100)).toBe(true)
  })

  it('does not drown the user in problems of a file of another kind', () => {
    const { problems } = fromLog({ file: 'a.log', text: 'x\n'.repeat(500) })
    expect(problems).toHaveLength(21)
    expect(problems.at(-1)).toEqual({ file: 'a.log', why: '480 more lines could not be read' })
  })
})

describe('readHar', () => {
  const entry = (method: string, url: string, extra: object = {}) => ({
    request: { method, url, headers: [], ...extra },
  })
  const har = (...entries: unknown[]) => ({ file: 'x.har', text: JSON.stringify({ log: { entries } }) })

  it('reads the requests to the busiest host and counts the others', () => {
    const recorded = har(
      entry('GET', 'https://api.test/orders/1'),
      entry('GET', 'https://api.test/orders/2'),
      entry('GET', 'https://cdn.test/x.js'),
    )
    const { candidates, problems } = fromHar(recorded)
    expect(candidates.map(brief)).toEqual(['GET /orders/:orderId ×2: /orders/1 /orders/2'])
    expect(problems).toEqual([{ file: 'x.har', why: 'left out 1 request to other hosts than api.test (cdn.test)' }])
  })

  it('prefers the host of the service under test', () => {
    const recorded = har(
      entry('GET', 'http://127.0.0.1:3000/a'),
      entry('GET', 'https://cdn.test/x'),
      entry('GET', 'https://cdn.test/y'),
    )
    expect(fromHar(recorded, '127.0.0.1:3000').candidates.map(brief)).toEqual(['GET /a ×1: /a'])
  })

  it('keeps headers that shape the answer and leaves credentials of the recording behind', () => {
    const headers = [
      { name: 'Accept', value: 'application/json' },
      { name: 'X-App-Id', value: 'shop' },
      { name: 'Cookie', value: 's=1' },
      { name: 'Authorization', value: 'Bearer x' },
      { name: 'X-API-Key', value: 'k' },
      { name: ':authority', value: 'x' },
      { name: 'Accept-Encoding', value: 'br' },
    ]
    const [candidate] = fromHar(har(entry('GET', 'http://x/a', { headers }))).candidates
    expect(candidate?.requests[0]?.headers).toEqual({ accept: 'application/json', 'x-app-id': 'shop' })
  })

  it('leaves cookies to the answers that gave them in the recording', () => {
    const cookie = (value: string) => ({ headers: [{ name: 'Cookie', value }] })
    const answers = (value: string) => ({ response: { headers: [{ name: 'Set-Cookie', value }] } })
    const { requests } = readHar(
      har(
        { ...entry('GET', 'http://x/a', cookie('consent=1')), ...answers('session=2; Path=/\ncart=3') },
        entry('GET', 'http://x/b', cookie('session=2; cart=3')),
        entry('GET', 'http://x/c', cookie('session=2; consent=1')),
      ),
    )
    expect(requests.map(({ headers }) => headers['cookie'])).toEqual(['consent=1', undefined, 'session=2; consent=1'])
  })

  it('tells GraphQL operations on one path apart', () => {
    const post = (query: string) => entry('POST', 'http://x/graphql', { postData: { text: JSON.stringify({ query }) } })
    const { candidates } = fromHar(har(post('query A { a }'), post('query B { b }'), post('query A { a }')))
    expect(candidates.map(brief)).toEqual(['POST /graphql A ×2: /graphql /graphql', 'POST /graphql B ×1: /graphql'])
  })

  it.each<[string, string, string]>([
    ['not JSON', '{', 'not JSON'],
    ['not a HAR', '{"entries":[]}', 'not a HAR: there is no log.entries'],
    ['an entry without a request', '{"log":{"entries":[{}]}}', 'no request with method and url'],
    [
      'an entry that is a WebSocket',
      JSON.stringify({ log: { entries: [entry('GET', 'ws://x/a')] } }),
      'not http: ws://x/a',
    ],
    [
      'an entry whose path names a host',
      JSON.stringify({ log: { entries: [entry('GET', 'http://x//other.test/a')] } }),
      'not a path of the service: //other.test/a',
    ],
  ])('tells of %s', (_name, text, why) => {
    const { candidates, problems } = fromHar({ file: 'x.har', text })
    expect(candidates).toEqual([])
    expect(problems).toEqual([expect.objectContaining({ file: 'x.har', why: expect.stringContaining(why) as string })])
  })
})

describe('readOpenapi', () => {
  const read = (text: string) => candidatesOfDescription(readOpenapi({ file: 'api.yaml', text }))

  it('reads operations with their parameters, references and base path', () => {
    const { candidates, problems } = read(`
openapi: 3.1.0
servers: [{ url: 'https://{host}/v1', variables: { host: { default: api.test } } }]
paths:
  /orders/{order-id}:
    parameters:
      - { name: order-id, in: path, required: true, schema: { type: integer }, example: 42 }
    get:
      parameters:
        - $ref: '#/components/parameters/View'
        - { name: X-Tenant, in: header, schema: { type: string, default: a } }
    delete: {}
  /search:
    post:
      requestBody: { content: { application/json: { example: { text: lamp } } } }
components:
  parameters:
    View: { name: view, in: query, schema: { $ref: '#/components/schemas/View' } }
  schemas:
    View: { type: string, enum: [full, short] }
`)
    expect(problems).toEqual([])
    expect(candidates.map(({ method, pattern }) => `${method} ${pattern}`)).toEqual([
      'GET /v1/orders/:order_id',
      'DELETE /v1/orders/:order_id',
      'POST /v1/search',
    ])
    expect(candidates[0]?.parameters).toEqual([
      { name: 'order_id', in: 'path', required: true, values: ['42'], type: 'integer' },
      { name: 'view', in: 'query', required: false, values: ['full', 'short'], type: 'string' },
      { name: 'X-Tenant', in: 'header', required: false, values: ['a'], type: 'string' },
    ])
    expect(candidates[2]?.body).toBe('{"text":"lamp"}')
  })

  it('reads JSON with the same reader', () => {
    expect(read('{"openapi":"3.0.0","paths":{"/a":{"get":{}}}}').candidates).toMatchObject([
      { method: 'GET', pattern: '/a' },
    ])
  })

  it.each<[string, string, object]>([
    [
      'broken YAML, with its line',
      'openapi: 3.0.0\npaths: [',
      { file: 'api.yaml', line: 2, why: expect.stringContaining('not YAML or JSON') },
    ],
    [
      'Swagger 2',
      'swagger: "2.0"\npaths: {}',
      { file: 'api.yaml', why: 'not an OpenAPI 3 document: it needs `openapi: 3.x` and `paths`' },
    ],
    [
      'a path that cannot be read',
      'openapi: 3.0.0\npaths:\n  /a/*: { get: {} }',
      { file: 'api.yaml', pointer: '/paths/~1a~1*', why: 'the path /a/* cannot be read' },
    ],
    [
      'a reference to nowhere and one in a circle',
      'openapi: 3.0.0\npaths:\n  /a: { get: { parameters: [{ $ref: "#/x" }] } }\nx: { $ref: "#/x" }',
      { file: 'api.yaml', pointer: '/paths/~1a/get', why: 'a parameter of GET /a cannot be read' },
    ],
  ])('tells of %s', (_name, text, problem) => {
    expect(read(text).problems).toEqual([problem])
  })
})
