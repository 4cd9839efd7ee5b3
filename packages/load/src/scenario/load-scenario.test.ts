/** Scenario files as people write them: what is read, from where, and what is said when something is wrong. */
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeScenario } from './describe.ts'
import { loadScenario } from './load-scenario.ts'

let folder: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'scenario-')))
})
afterEach(() => rm(folder, { recursive: true }))

describe('loadScenario', () => {
  it('reads TypeScript where our package is not installed, with the data beside it', async () => {
    await write('items.csv', 'id,name\n1,lamp\n2,"table, round"\n')
    const file = await write(
      'shop.load.ts',
      `import { csv, flow, get, scenario } from '@whetstone/load'
      enum Kind { Item = 'items' }
      const weights: Record<string, number> = { browse: 9 }
      export default scenario({
        name: 'shop',
        target: 'http://127.0.0.1:3000',
        data: { item: csv('items.csv') },
        flows: [
          flow('browse', { weight: weights['browse'] }, [get(\`/\${Kind.Item}/{item.id}?name={item.name}\`)]),
        ],
      })`,
    )
    const scenario = await loadScenario({ file })
    await scenario.prepare!(undefined)
    const [browse] = scenario.flows
    const [step] = browse!.steps
    expect(scenario).toMatchObject({ name: 'shop', target: 'http://127.0.0.1:3000', routes: ['GET /items/:id'] })
    expect(browse).toMatchObject({ name: 'browse', weight: 9 })
    expect(step?.kind === 'request' && [0, 1, 2].map(arrival => step.encode(browse!.user(arrival, {})))).toEqual([
      'GET /items/1?name=lamp HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n\r\n',
      'GET /items/2?name=table%2C%20round HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n\r\n',
      'GET /items/1?name=lamp HTTP/1.1\r\nHost: 127.0.0.1:3000\r\n\r\n',
    ])
  })

  it('reads an example with one of everything, by the loader of this process', async () => {
    const file = fileURLToPath(new URL('testing/example.load.ts', import.meta.url))
    const scenario = await loadScenario({ file })
    await expect(scenario.prepare!({ token: 't' })).resolves.toBeUndefined()
    expect(describeScenario(scenario)).toMatchInlineSnapshot(`
      "shop, for http://127.0.0.1:3000
        browse  90 %  GET /items → think → GET /items/:first → GET /items/:other
        order   10 %  POST /orders → audit → WS /live → SSE /prices
      data
        item  items.csv  3 rows, in turn
        page  1 to 200   200 rows, in turn
      9 checks"
    `)
    const order = scenario.flows[1]!
    const [step] = order.steps
    expect(step?.kind === 'request' && step.encode(order.user(2, {})).split('\r\n\r\n')[1]).toBe(
      '{"item":"c,3","price":7,"note":"user 2"}',
    )
  })

  it('reads every example of the guide', async () => {
    const guide = await readFile(new URL('../../../../docs/guide/scenarios.md', import.meta.url), 'utf8')
    const examples = Array.from(guide.matchAll(/^```ts\n(.*?)^```/gms), ([, code]) => code!)
    const names = examples.map(async (code, index) => {
      const scenario = await loadScenario({ file: await write(`guide-${index}.ts`, code) })
      return [scenario.name, ...scenario.routes]
    })
    expect(await Promise.all(names)).toEqual([
      ['shop', 'GET /items', 'auth', 'GET /items/:first', 'POST /orders'],
      ['live', 'open an account', 'WS /live', 'SSE /prices'],
    ])
  })

  it('sends it where the caller says', async () => {
    const file = await write('a.mjs', source('one'))
    const scenario = await loadScenario({ file }, { target: { host: '::1', port: 81 } })
    expect(scenario.flows[0]!.stateless!.fixed).toEqual(['GET /one HTTP/1.1\r\nHost: [::1]:81\r\n\r\n'])
  })

  it('finds scenarios by name among exports and among those of a config', async () => {
    const file = await write(
      'whetstone.config.ts',
      `import { flow, get, scenario } from '@whetstone/load'
      const made = (name: string) => scenario({ name, flows: [flow('f', [get('/' + name)])] })
      export const checkout = made('checkout')
      export default { budgets: {}, scenarios: { browse: made('browse'), order: made('order') } }`,
    )
    const target = { host: 'x', port: 1 }
    const nameOf = async (name?: string) =>
      (await loadScenario({ file, ...(name === undefined ? {} : { name }) }, { target })).name
    expect(await nameOf('browse')).toBe('browse')
    expect(await nameOf('checkout')).toBe('checkout')
    await expect(nameOf('brows')).rejects.toMatchObject({
      code: 'WHET_SCENARIO',
      message: `${file} has no scenario brows. Did you mean browse?`,
      hint: 'it has: checkout, browse, order',
    })
    await expect(nameOf()).rejects.toThrow('holds several scenarios: checkout, browse, order')
  })

  it.each([
    ['a name nobody gave', `flow('f', [\nget('/{itm}')])`, 4, '{itm} is not known here. Did you mean {item}?'],
    ['a path without a slash', `flow('f', [\nget('items')])`, 4, 'the path "items" does not begin with /'],
    ['a path with a space', `flow('f', [\nget('/a b')])`, 4, 'path "/a b" holds a space or control character'],
    ['two bodies', `flow('f', [\npost('/', { body: 'a', json: 1 })])`, 4, 'a request has one body, not json and body'],
    ['a path that is none', `flow('f', [\nget('/', { extract: { a: jsonPath('$..a') } })])`, 4, '"$..a" is not a path'],
    ['a time without a unit', `flow('f', [\nthink('5')])`, 4, '"5" is no time such as 500ms or 200ms..1s'],
    ['an empty flow', `\nflow('f', [])`, 4, 'flow f has no steps'],
    ['two flows of a name', `flow('f', [get('/')]),\nflow('f', [get('/')])`, 4, 'two flows are called f'],
    ['an impossible status', `flow('f', [\nget('/', { expect: { status: 20 } })])`, 4, 'status 20 is not between'],
    [
      'the same check twice',
      `flow('f', [\nget('/', { expect: { body: [contains('a'), contains('a')] } })])`,
      4,
      'two checks',
    ],
    ['a range of nothing', `flow('f', [\nget('/{a}', { with: { a: range(2, 1) } })])`, 4, 'range(2, 1) in steps of 1'],
    ['a name users have', `flow('f', [\nget('/', { with: { shared: 1 } })])`, 4, '{shared} is a name every user has'],
    [
      'a misspelt option',
      `flow('f', [\npost('/', { jsno: {} })])`,
      4,
      'a request takes no "jsno". Did you mean "json"?',
    ],
    [
      'a misspelt expectation',
      `flow('f', [\nget('/', { expect: { statsu: 200 } })])`,
      4,
      'expect takes no "statsu". Did you mean "status"?',
    ],
    [
      'a misspelt weight',
      `\nflow('f', { wieght: 2 }, [get('/')])`,
      4,
      'flow takes no "wieght". Did you mean "weight"?',
    ],
    [
      'a misspelt order',
      `flow('f', [\nget('/{a}', { with: { a: list([1], { oder: 'once' }) } })])`,
      4,
      'list takes no',
    ],
    ['what a socket has not', `flow('f', [\nwebsocket('/', { repaet: 2 }, [])])`, 4, 'websocket takes no "repaet"'],
    ['what cannot be heard', `flow('f', [\nwebsocket('/', [hear({ wihtin: '1s' })])])`, 4, 'hear takes no "wihtin"'],
    ['its own mistake', `null.x`, 3, "Cannot read properties of null (reading 'x')"],
    ['what is not a program', `flow('f'))`, 3, ''],
  ])('names file and line for %s', async (_what, flows, line, message) => {
    const file = await write(
      'bad.ts',
      `import { contains, flow, get, hear, jsonPath, list, post, range, scenario, think, websocket } from '@whetstone/load'
export default scenario({ name: 'bad', target: 'http://127.0.0.1:1', data: { item: list([1]) }, flows: [
${flows},
] })`,
    )
    await expect(loadScenario({ file })).rejects.toMatchObject({
      code: 'WHET_SCENARIO',
      message: expect.stringContaining(`bad.ts:${line}: ${message}`) as string,
    })
  })

  it('names the columns when a template wants one that is not there', async () => {
    await write('items.csv', 'id,name\n1,a\n')
    const file = await write(
      'column.ts',
      `import { csv, flow, get, scenario } from '@whetstone/load'
export default scenario({ name: 'c', target: 'http://127.0.0.1:1', data: { item: csv('items.csv') }, flows: [
flow('f', [
get('/{item.nam}')])] })`,
    )
    const scenario = await loadScenario({ file })
    await expect(scenario.prepare!(undefined)).rejects.toMatchObject({
      code: 'WHET_SCENARIO',
      message: expect.stringContaining('column.ts:4: items.csv has no column nam. Did you mean {item.name}?') as string,
      hint: 'its columns: id, name',
    })
  })

  it('names the line that asks for data which is not there', async () => {
    const file = await write(
      'people.ts',
      `import { csv, flow, get, scenario } from '@whetstone/load'
export default scenario({ name: 'p', target: 'http://127.0.0.1:1', data: {
person: csv('peple.csv') }, flows: [flow('f', [get('/{person.id}')])] })`,
    )
    const scenario = await loadScenario({ file })
    await expect(scenario.prepare!(undefined)).rejects.toMatchObject({
      code: 'WHET_SCENARIO_DATA',
      message: expect.stringContaining('people.ts:3: peple.csv cannot be read') as string,
    })
  })

  it('refuses a key of the scenario itself that it does not have', async () => {
    const file = await write('key.mjs', source('one').replace('{ name', "{ traget: 'http://x', name"))
    await expect(loadScenario({ file }, { target: { host: 'x', port: 1 } })).rejects.toThrow(
      'key.mjs:2: scenario takes no "traget". Did you mean "target"?',
    )
  })

  it('says so when there is no scenario, no file or no target', async () => {
    const none = await write('none.mjs', 'export const a = 1')
    await expect(loadScenario({ file: none })).rejects.toThrow(`${none} exports no scenario`)
    await expect(loadScenario({ file: join(folder, 'gone.ts') })).rejects.toMatchObject({
      code: 'WHET_SCENARIO',
      message: `no scenario file ${join(folder, 'gone.ts')}`,
    })
    const file = await write('untargeted.mjs', source('one'))
    await expect(loadScenario({ file })).rejects.toThrow('scenario one names no target')
  })
})

function source(name: string): string {
  return `import { flow, get, scenario } from '@whetstone/load'
export default scenario({ name: '${name}', flows: [flow('f', [get('/${name}')])] })`
}

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}
