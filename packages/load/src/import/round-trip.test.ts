/** From a recording to a file, from the file to a real server: what arrives there is what was recorded. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@whetstone/stats'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadScenario } from '../scenario/load-scenario.ts'
import { drive } from '../scenario/testing/drive.ts'
import { type Seen, type Shop, startShop } from '../scenario/testing/shop.ts'
import { importScenario, type ImportOptions } from './import-scenario.ts'
import { writeScenario } from './scenario/write-scenario.ts'

let shop: Shop
let folder: string
beforeEach(async () => {
  shop = await startShop()
  folder = await mkdtemp(join(tmpdir(), 'whetstone-round-trip-'))
})
afterEach(async () => {
  await shop.close()
  await rm(folder, { recursive: true })
})

/** Every flow is walked by so many users; what the server saw of it, and the think times. */
async function sent(
  file: string,
  text: string,
  { users = 1, ...options }: Partial<ImportOptions> & { users?: number } = {},
) {
  const bytes = Buffer.from(text)
  const { draft } = importScenario(
    { file, bytes },
    { name: 'shop', random: seededRandom(1), keepSecrets: true, writes: true, ...options },
  )
  const written = writeScenario(draft, 'shop')
  await writeFile(join(folder, 'shop.scenario.ts'), written.text)
  for (const data of written.files) await writeFile(join(folder, data.name), data.text)
  const scenario = await loadScenario({ file: join(folder, 'shop.scenario.ts') }, { target: shop.target })
  const thinkMs: number[] = []
  for (const flow of scenario.flows) {
    const driven = await drive(
      scenario,
      shop.target,
      Array.from({ length: users }, (_, index) => index),
      flow,
    )
    expect(driven.faults).toEqual([])
    thinkMs.push(...driven.thinkMs)
  }
  return { seen: shop.seen, thinkMs, scenario, draft }
}
const lines = (seen: readonly Seen[]) => seen.map(({ method, url }) => `${method} ${url}`)

describe('from a recording to the server', () => {
  it('curl commands arrive as they were typed', async () => {
    const { seen } = await sent(
      'commands.sh',
      `curl '${shop.url}/a%20b/{id}?q=a+b&x={x}&y={{y}}' -g
curl -u ada:pass -H 'X-Note: {note} "quoted"' --json '{"name":"{x} {{y}}","é":[1,2.5,null,true],"big":12345678901234567890}' ${shop.url}/json
curl -d 'a=1&b=two+words&a=3' ${shop.url}/form
curl --data-urlencode 'n=x&y z' -d 'm=' ${shop.url}/form2
curl -X PUT --data-binary $'line 1\\nline {2}\\n' -H 'content-type: text/plain' ${shop.url}/text
curl -X PATCH -H 'content-type: application/json' -d '{"s":"{s}"}' ${shop.url}/p
curl -X OPTIONS ${shop.url}/o`,
    )
    expect(lines(seen)).toEqual([
      'GET /a%20b/%7Bid%7D?q=a+b&x={x}&y={{y}}',
      'POST /json',
      'POST /form',
      'POST /form2',
      'PUT /text',
      'PATCH /p',
      'OPTIONS /o',
    ])
    const [, json, form, form2, text, patch] = seen
    expect(json!.body).toBe('{"name":"{x} {{y}}","é":[1,2.5,null,true],"big":12345678901234567890}')
    expect(json!.headers).toMatchObject({
      authorization: 'Basic YWRhOnBhc3M=',
      'x-note': '{note} "quoted"',
      'content-type': 'application/json',
      accept: 'application/json',
    })
    expect(form!.body).toBe('a=1&b=two+words&a=3')
    expect([...new URLSearchParams(form2!.body)]).toEqual([
      ['n', 'x&y z'],
      ['m', ''],
    ])
    expect(form2!.headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(text!.body).toBe('line 1\nline {2}\n')
    expect(text!.headers['content-type']).toBe('text/plain')
    expect(JSON.parse(patch!.body)).toEqual({ s: '{s}' })
  })

  it('keys of a log arrive in their shares, escaped as they were', async () => {
    const paths = [
      ...Array.from({ length: 60 }, (_, index) => `/items/${index < 30 ? 7 : 1_000 + index}`),
      ...['/search?q=a%20b', '/search?q=caf%C3%A9', '/search?q=a+b', '/search?q=x&page=2', '/search'].flatMap(path => [
        path,
        path,
      ]),
      '/files/a/b?x={y}',
    ]
    const { seen, draft } = await sent(
      'access.log',
      paths.map(path => `1.1.1.1 - - [21/Nov/2026:02:00:00 +0000] "GET ${path} HTTP/1.1" 200 5`).join('\n'),
      { users: 300 },
    )
    expect(draft.flows.map(({ name, weight }) => `${name} ${weight}`)).toEqual([
      'GET /items/:id 60',
      'GET /search 10',
      'GET /files/a/b 1',
    ])
    const items = lines(seen).filter(line => line.startsWith('GET /items/'))
    expect(new Set(items)).toEqual(new Set(paths.slice(0, 60).map(path => `GET ${path}`)))
    // Half of them were number 7: 150 of 300, and six standard deviations are 52.
    expect(Math.abs(items.filter(line => line.endsWith('/7')).length - 150)).toBeLessThan(52)
    expect(new Set(lines(seen).filter(line => !line.startsWith('GET /items/')))).toEqual(
      new Set(paths.slice(60).map(path => `GET ${path}`)),
    )
  })

  it('a visit of a HAR arrives in its order, with its pauses and without its noise', async () => {
    const at = (ms: number) => new Date(1_800_000_000_000 + ms).toISOString()
    const entry = (ms: number, method: string, path: string, more: object = {}, response: object = {}) => ({
      startedDateTime: at(ms),
      time: 100,
      request: {
        method,
        url: `${shop.url}${path}`,
        headers: [
          { name: 'Accept', value: 'application/json' },
          { name: 'User-Agent', value: 'Mozilla' },
          { name: 'Host', value: 'x' },
        ],
        ...more,
      },
      response: { status: 200, headers: [], content: { mimeType: 'application/json' }, ...response },
    })
    const entries = [
      entry(3_600, 'POST', '/cart', { postData: { mimeType: 'application/json', text: '{"id":1,"note":"{n}"}' } }),
      entry(0, 'GET', '/orders/17?x=1'),
      entry(50, 'GET', '/logo.png', {}, { content: { mimeType: 'image/png' } }),
      entry(120, 'GET', '/me'),
    ]
    const { seen, thinkMs, draft } = await sent('visit.har', JSON.stringify({ log: { entries } }))
    expect(lines(seen)).toEqual(['GET /orders/17?x=1', 'GET /me', 'POST /cart'])
    expect(seen[2]!.body).toBe('{"id":1,"note":"{n}"}')
    expect(seen[0]!.headers).toMatchObject({ accept: 'application/json' })
    expect(seen[0]!.headers).not.toHaveProperty('user-agent')
    expect(thinkMs).toEqual([3_400])
    expect(draft.leftOut.map(({ why }) => why)).toEqual([
      'left out 1 request for pictures, styles, scripts and fonts; --assets takes them in',
    ])
  })

  it('a collection arrives folder by folder, with what its environment holds', async () => {
    process.env['SKU'] = 'lamp "1"'
    const collection = {
      info: { name: 'shop' },
      item: [
        {
          name: 'orders',
          item: [
            {
              name: 'list',
              request: { url: '{{base}}/orders?limit=5', header: [{ key: 'X-Id', value: '{{$guid}}' }] },
            },
            {
              request: {
                method: 'POST',
                url: '{{base}}/orders/{{sku}}',
                body: { mode: 'raw', raw: '{"sku":"{{sku}}"}' },
              },
            },
          ],
        },
      ],
    }
    const { seen } = await sent('shop.json', JSON.stringify(collection))
    delete process.env['SKU']
    expect(lines(seen)).toEqual(['GET /orders?limit=5', 'POST /orders/lamp%20%221%22'])
    expect(seen[0]!.headers['x-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(JSON.parse(seen[1]!.body)).toEqual({ sku: 'lamp "1"' })
  })

  it('the operations of a document arrive with its examples', async () => {
    const { seen, draft } = await sent(
      'api.yaml',
      `
openapi: 3.0.0
servers: [{ url: 'https://api.test/v1' }]
paths:
  /orders/{order-id}:
    get:
      parameters:
        - { name: order-id, in: path, required: true, schema: { type: integer, minimum: 3, maximum: 5 } }
        - { name: view, in: query, schema: { enum: [full, short] } }
        - { name: X-Tenant, in: header, required: true, example: a b }
    delete: {}
  /search:
    get: { parameters: [{ name: q, in: query, required: true }] }
  /ping: { get: {} }
`,
      { users: 6, writes: false },
    )
    expect([...new Set(lines(seen))].sort()).toEqual([
      'GET /v1/orders/3?view=full',
      'GET /v1/orders/3?view=short',
      'GET /v1/orders/4?view=full',
      'GET /v1/orders/4?view=short',
      'GET /v1/orders/5?view=full',
      'GET /v1/orders/5?view=short',
      'GET /v1/ping',
    ])
    expect(seen[0]!.headers['x-tenant']).toBe('a b')
    expect(draft.target).toBe('https://api.test')
    expect(draft.leftOut.map(({ why }) => why)).toEqual([
      'left out DELETE /v1/orders/:order_id: it changes data; --writes takes it in',
      'left out GET /v1/search: the document gives no value for the query parameter q',
    ])
  })
})
