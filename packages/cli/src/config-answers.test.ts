import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunReport } from '@whetstone/model'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identifyCommand } from './commands/identify.ts'
import { loadConfig } from './config.ts'
import type { CommandContext } from './context.ts'
import { plainTerminal, recordedRun } from './terminal/testing/printed.ts'

// A folder each: a module that was loaded once is not read again.
let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'whetstone-answers-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const answer = (answers: string) =>
  writeFile(join(folder, 'whetstone.config.mjs'), `export default { answers: ${answers} }\n`)

describe('the answers in the config', () => {
  it('say what routes are worth, what waiting costs and how large tables are', async () => {
    await answer(
      `{ routes: { 'POST /pay': { weight: 10 } }, costOfASecond: 0.02, productionRows: { orders: 40_000_000 } }`,
    )
    expect((await loadConfig(folder)).answers).toEqual({
      schema: 'answers@1',
      routes: [{ route: 'POST /pay', weight: 10 }],
      costOfASecond: 0.02,
      tables: [{ table: 'orders', productionRows: 40_000_000 }],
    })
  })

  it.each([
    [`{ route: {} }`, 'answers.route is not known. Did you mean routes?'],
    [`{ routes: { 'POST /pay': 10 } }`, "answers.routes.'POST /pay' is 10; it must be an object"],
    [`{ routes: { 'POST /pay': { wieght: 10 } } }`, "answers.routes.'POST /pay'.wieght is not known"],
    [`{ routes: { 'POST /pay': { weight: -1 } } }`, "answers.routes.'POST /pay'.weight is -1; write a number from 0"],
    [`{ costOfASecond: '2 €' }`, "answers.costOfASecond is '2 €'; write a number from 0"],
    [`{ productionRows: { orders: '4M' } }`, "answers.productionRows.'orders' is '4M'; write a number of rows"],
  ])('are refused where they cannot be meant: %s', async (answers, message) => {
    await answer(answers)
    await expect(loadConfig(folder)).rejects.toThrow(message)
  })
})

describe('a saved run that is judged again', () => {
  /** A real run of a shop. */
  const recording = new URL('../../catalogue/test/recorded/shop-with-faults.json', import.meta.url)

  async function findingsOf(): Promise<RunReport['findings']> {
    const run = join(folder, '.whetstone', 'runs', recordedRun.run.id)
    await mkdir(join(run, 'evidence'), { recursive: true })
    await writeFile(join(run, 'run.json'), JSON.stringify(recordedRun))
    for (const [kind, evidence] of Object.entries(JSON.parse(await readFile(recording, 'utf8')) as object))
      await writeFile(join(run, 'evidence', `${kind}.json`), JSON.stringify(evidence))
    let printed: RunReport | undefined
    await identifyCommand(undefined, { json: true }, {
      terminal: plainTerminal(() => {}),
      workingDirectory: folder,
      json: (report: RunReport) => void (printed = report),
    } as unknown as CommandContext)
    return printed!.findings
  }

  it('lists the route first that earns the money', async () => {
    const before = await findingsOf()
    const last = before.findLast(({ where }) => where.route !== undefined)!
    expect(before[0]!.where.route).not.toBe(last.where.route)
    await answer(`{ routes: { '${last.where.route}': { weight: 1_000 } } }`)
    const [first] = await findingsOf()
    expect(first!.where.route).toBe(last.where.route)
  })
})
