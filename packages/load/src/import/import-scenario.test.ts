/** Scenario files as people get them from their recordings; prettier would leave each as it is. */
import { seededRandom } from '@whetstone/stats'
import { format } from 'prettier'
import { describe, expect, it } from 'vitest'
import { importScenario, type ImportOptions } from './import-scenario.ts'
import { writeScenario } from './scenario/write-scenario.ts'

const imported = (file: string, text: string, options: Partial<ImportOptions> = {}) =>
  importScenario(
    { file, bytes: Buffer.from(text) },
    { name: 'shop', random: seededRandom(1), writes: true, ...options },
  )
const written = async (file: string, text: string, options: Partial<ImportOptions> = {}) => {
  const scenario = writeScenario(imported(file, text, options).draft, 'shop')
  const style = {
    parser: 'typescript',
    semi: false,
    singleQuote: true,
    printWidth: 120,
    trailingComma: 'all',
    arrowParens: 'avoid',
  }
  expect(await format(scenario.text, style as never)).toBe(scenario.text)
  return scenario
}

describe('a scenario', () => {
  it.each([
    [
      'commands.sh',
      'curl http://a.test/x\ncurl -X POST http://a.test/orders?x=1 -d a=1\ncurl -X DELETE http://a.test/orders/7',
      'left out 2 requests that may change data (POST /orders, DELETE /orders/7); --writes takes them in',
    ],
    [
      'shop.har',
      JSON.stringify({
        log: {
          entries: [
            { request: { method: 'GET', url: 'http://a.test/x', headers: [] } },
            { request: { method: 'POST', url: 'http://a.test/orders', headers: [], postData: { text: '{}' } } },
          ],
        },
      }),
      'left out 1 request that may change data (POST /orders); --writes takes it in',
    ],
  ])('leaves out what may change data, and says so: %s', (file, text, why) => {
    const { draft, requests } = imported(file, text, { writes: false })
    expect(draft.flows.flatMap(({ steps }) => steps)).toMatchObject([{ method: 'GET', path: '/x' }])
    expect(draft.leftOut).toEqual([{ file, why }])
    expect(requests).toBe(1)
  })

  it('keeps a GraphQL query, which reads although it is a POST', () => {
    const of = (query: string) =>
      imported('a.sh', `curl --json '${JSON.stringify({ query })}' http://a.test/graphql`, { writes: false }).requests
    expect([of('query A { a }'), of('mutation B { b }')]).toEqual([1, 0])
  })

  it('of curl commands has a flow for each, with secrets taken out', async () => {
    const { text } = await written(
      'commands.sh',
      `curl -H 'Authorization: Bearer abcdefgh12345' http://127.0.0.1:3000/orders/7?view={full}
curl -H 'Authorization: Bearer abcdefgh12345' --json '{"name":"{x}","password":"hunter2","tags":["a","b"],"n":{"deep":true}}' http://127.0.0.1:3000/login
curl -H 'Authorization: Bearer abcdefgh12345' http://127.0.0.1:3000/orders/7?view={full}`.replaceAll('{full}', 'full'),
    )
    expect(text).not.toMatch(/abcdefgh|hunter2/)
    expect(text).toMatchInlineSnapshot(`
      "/** Made from 3 requests of commands.sh by \`whetstone load import\`, and yours to edit. */
      import { flow, get, post, scenario } from '@whetstone/load'

      export default scenario({
        name: 'shop',
        target: 'http://127.0.0.1:3000',
        headers: { authorization: 'Bearer {token}' },
        data: {
          // A secret of the recording.
          token: environment('TOKEN'),
          // A secret of the recording.
          password: environment('PASSWORD'),
        },
        flows: [
          flow('GET /orders/:id', { weight: 2 }, [get('/orders/7?view=full', { name: 'GET /orders/:id' })]),
          flow('POST /login', [
            post('/login', {
              headers: { accept: 'application/json' },
              json: { name: '{{x}}', password: '{password}', tags: ['a', 'b'], n: { deep: true } },
            }),
          ]),
        ],
      })

      /** What must not stand in a file that others read. */
      function environment(name: string): string {
        const value = process.env[name]
        if (value === undefined) throw new Error(\`set \${name}: its value is not in this file\`)
        return value
      }
      "
    `)
  })

  it('of an access log has the mix of routes, and keys as often as they were asked for', async () => {
    const at = (second: number) => `21/Nov/2026:02:00:${String(second).padStart(2, '0')} +0000`
    const line = (second: number, path: string) => `1.1.1.1 - - [${at(second)}] "GET ${path} HTTP/1.1" 200 5`
    const lines = [
      ...Array.from({ length: 40 }, (_, index) => line(index, `/orders/${index % 20}`)),
      ...Array.from({ length: 10 }, (_, index) =>
        line(index, `/search?q=${['lamp', 'red%20chair'][index % 2]}&page=1`),
      ),
      line(59, '/health?token=s3cret'),
      line(59, '/files/a/b'),
      '1.1.1.1 - - [x] "POST /orders HTTP/1.1" 201 5',
    ]
    const { text, files } = await written('access.log', lines.join('\n'))
    expect(text).toMatchInlineSnapshot(`
      "/** Made from 53 requests of access.log by \`whetstone load import\`, and yours to edit. */
      // left out 1 request that may change data: no bodies are recorded
      import { csv, flow, get, list, scenario } from '@whetstone/load'

      export default scenario({
        name: 'shop',
        target: 'http://127.0.0.1:3000',
        data: {
          // A secret of the recording.
          token: environment('TOKEN'),
        },
        flows: [
          flow('GET /orders/:id', { weight: 40 }, [
            get('/orders/{row.id}', { with: { row: csv('shop.get-orders-id.csv', { order: 'random' }) } }),
          ]),
          flow('GET /search', { weight: 10 }, [get('/search?q={q}&page=1', { with: { q: list(['lamp', 'red chair']) } })]),
          flow('GET /health', [get('/health?token={token}')]),
          flow('GET /files/a/b', [get('/files/a/b')]),
        ],
      })

      /** What must not stand in a file that others read. */
      function environment(name: string): string {
        const value = process.env[name]
        if (value === undefined) throw new Error(\`set \${name}: its value is not in this file\`)
        return value
      }
      "
    `)
    expect(files.map(({ name, text: rows }) => [name, rows.split('\n').length])).toEqual([
      ['shop.get-orders-id.csv', 42],
    ])
    expect(imported('access.log', lines.slice(0, 50).join('\n')).draft.arrivalsMs.slice(0, 4)).toEqual([
      0, 0, 1000, 1000,
    ])
  })

  it.each<[string, string, string, string]>([
    ['one short flow on a line', 'a.sh', 'curl http://a.test/x', "flows: [flow('GET /x', [get('/x')])],"],
    [
      'a long text below its name',
      'a.sh',
      `curl -d '${'long text '.repeat(20)}' -H 'content-type: text/plain' http://a.test/x`,
      'body:',
    ],
    [
      'rows as a table',
      'a.log',
      [1, 2, 3].map(id => `1.1.1.1 - - [x] "GET /${id}?q=${id}x HTTP/1.1" 200 5`).join('\n'),
      "{ id: 1, q: '1x' },",
    ],
    [
      'quotes in the quotes that need no escapes',
      'a.sh',
      `curl --json "{\\"it's\\":\\"a 'b' c\\"}" http://a.test/x`,
      `"it's": "a 'b' c"`,
    ],
    [
      'a long path on a line of its own',
      'a.sh',
      `curl -d x=1 http://a.test/${'x'.repeat(110)}`,
      "{ form: { x: '1' } },",
    ],
    [
      'numbers side by side',
      'a.sh',
      `curl --json '{"n":[${Array.from({ length: 60 }, (_, index) => 1_000 + index).join()}]}' http://a.test/x`,
      '1000, 1001,',
    ],
  ])('shows %s', async (_name, file, text, part) => {
    expect((await written(file, text)).text).toContain(part)
  })
})
