import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from './config.ts'

// A folder each: a module that was loaded once is not read again.
let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'whetstone-config-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

async function load(config: string) {
  await writeFile(join(folder, 'whetstone.config.mjs'), `export default ${config}\n`)
  return loadConfig(folder)
}

describe('the config', () => {
  it('turns limits into milliseconds and shares', async () => {
    const budgets = `{ '*': { p50: '80 ms', p95: '1.5s', errors: '0.1%' }, 'GET /orders': { p99: '300ms', errors: '100%' } }`
    expect((await load(`{ budgets: ${budgets} }`)).budgets).toEqual({
      '*': { p50Ms: 80, p95Ms: 1_500, errorFraction: 0.001 },
      'GET /orders': { p99Ms: 300, errorFraction: 1 },
    })
  })

  it('takes thresholds and practices that are off', async () => {
    const settings = `{ 'n-plus-one': { runs: 12 }, 'missing-index': 'off' }`
    expect((await load(`{ practices: ${settings} }`)).practices).toEqual({
      'n-plus-one': { runs: 12 },
      'missing-index': 'off',
    })
  })

  it('takes the limits of load tests, as they are typed', async () => {
    const { thresholds } = await load(`{ thresholds: ['p95 < 300ms', 'errors < 0.1%'] }`)
    expect(thresholds.map(({ text, limit }) => [text, limit])).toEqual([
      ['p95 < 300ms', 300],
      ['errors < 0.1%', 0.001],
    ])
  })

  it('wants them as a list', async () => {
    const loading = load(`{ thresholds: 'p95 < 300ms' }`)
    await expect(loading).rejects.toThrow("write a list, such as ['p95 < 300ms']")
  })

  it('hands prices to the practice that speaks of costs', async () => {
    expect((await load(`{ costs: { perCoreHour: 0.04, wattsPerCore: 12 } }`)).practices).toEqual({
      'resource-efficiency': { perCoreHour: 0.04, wattsPerCore: 12 },
    })
  })

  it('holds load tests by name, and says which is none', async () => {
    const made = `import { flow, get, scenario } from '@whetstone/load'
      export default { scenarios: { browse: scenario({ name: 'browse', flows: [flow('f', [get('/')])] }) } }`
    await writeFile(join(folder, 'whetstone.config.mts'), made)
    await expect(loadConfig(folder)).resolves.toMatchObject({ budgets: {} })
    await writeFile(join(folder, 'whetstone.config.ts'), 'export default { scenarios: { browse: { flows: [] } } }')
    await expect(loadConfig(folder)).rejects.toMatchObject({
      code: 'WHET_CONFIG',
      message: 'whetstone.config.ts: scenarios.browse is no scenario; write scenario({ … }) of @whetstone/load',
    })
  })

  it('tells no costs to a practice that is off', async () => {
    const off = `{ costs: { perCoreHour: 0.04 }, practices: { 'resource-efficiency': 'off' } }`
    expect((await load(off)).practices).toEqual({ 'resource-efficiency': 'off' })
  })

  it('is empty where there is none', async () => {
    expect(await loadConfig(folder)).toEqual({ practices: {}, budgets: {}, thresholds: [] })
  })

  it.each([
    [`{ budgets: { '*': { p95: '5%' } } }`, "budgets.'*'.p95 is '5%'; write a time with its unit, such as '150ms'"],
    [`{ budgets: { '*': { p95: 200 } } }`, "budgets.'*'.p95 is 200; write a time"],
    [`{ budgets: { '*': { p95: '-1ms' } } }`, "budgets.'*'.p95 is '-1ms'"],
    [`{ budgets: { '*': { errors: '150ms' } } }`, "budgets.'*'.errors is '150ms'; write a share from '0%' to '100%'"],
    [`{ budgets: { '*': { errors: '150%' } } }`, "budgets.'*'.errors is '150%'; write a share from '0%' to '100%'"],
    [`{ budgets: { '*': { errors: 0.1 } } }`, "budgets.'*'.errors is 0.1; write a share"],
    [`{ budgets: { '*': '150ms' } }`, "budgets.'*' is '150ms'; it must be an object"],
    [`{ budgets: { '*': null } }`, "budgets.'*' is null; it must be an object"],
    [`{ budgets: '150ms' }`, "budgets is '150ms'; it must be an object"],
    [`{ budgets: [] }`, 'budgets is []; it must be an object'],
    [`'strict'`, "the config is 'strict'; it must be an object"],
    [`{ practices: [] }`, 'practices is []; it must be an object'],
    [`{ practices: { 'n-plus-one': 'of' } }`, "practices.n-plus-one must be 'off' or an object of thresholds"],
    [`{ practices: { 'n-plus-one': { runs: '5' } } }`, `practices.n-plus-one.runs is '5'; write a number`],
    [`{ practices: { 'n-plus-one': { runs: NaN } } }`, `practices.n-plus-one.runs is NaN; write a number`],
    [`{ practices: { 'n-plus-one': { runs: -1 } } }`, `practices.n-plus-one.runs is -1; write a number`],
    [`{ costs: { perCoreHour: '4 ct' } }`, "costs.perCoreHour is '4 ct'; write a number from 0"],
    [`{ costs: { perCoreHours: 1 } }`, 'costs.perCoreHours is not known. Did you mean perCoreHour?'],
    [`{ practises: {} }`, 'practises is not known. Did you mean practices?'],
    [`{ budgets: { '*': { p59: '1s' } } }`, "budgets.'*'.p59 is not known. Did you mean p50?"],
  ])('%s is refused with what to write', async (config, message) => {
    await expect(load(config)).rejects.toMatchObject({
      code: 'WHET_CONFIG',
      message: expect.stringContaining(`whetstone.config.mjs: ${message}`) as string,
    })
  })
})
