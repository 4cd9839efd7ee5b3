import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadReport } from '@whetstone/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommandContext } from '../context.ts'
import { exampleLoad } from '../terminal/testing/example-load.ts'
import { recordedRun } from '../terminal/testing/printed.ts'
import { historyCommand } from './history.ts'
import { loadId, saveLoad } from './load-folder.ts'
import { reportCommand } from './report.ts'
import { toldBy } from './testing/command-context.ts'

let folder: string
const newer: LoadReport = { ...exampleLoad, run: { ...exampleLoad.run, id: '2999-01-01-00-00-00-abcd' } }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-loads-'))
  const base = join(folder, '.whetstone')
  for (const report of [exampleLoad, newer]) await saveLoad(base, report)
  const run = join(base, 'runs', recordedRun.run.id)
  await mkdir(join(run, 'evidence'), { recursive: true })
  await writeFile(join(run, 'run.json'), JSON.stringify(recordedRun))
  const entry = { id: recordedRun.run.id, startedAt: '', target: 'shop', p50Ms: 1, p95Ms: 2, findings: [], verdict: '' }
  await writeFile(join(base, 'index.json'), JSON.stringify([entry]))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const told = (command: (context: CommandContext) => unknown) => toldBy(command, folder)

describe('a saved load test', () => {
  it('is listed among the runs, by time', async () => {
    const { text } = await told(context => historyCommand({}, context))
    const lines = text.trimEnd().split('\n')
    expect(lines.map(line => line.trim().split(' ')[0])).toEqual([
      ...[recordedRun.run.id, exampleLoad.run.id].toSorted(),
      newer.run.id,
      'Next:',
    ])
    expect(lines.at(-2)).toMatch(/p50 +40 ms {2}p95 +76 ms {4}load pass {2}GET \/items and 1 more 200 \/s 20 s {2}http/)
  })

  it('is the latest when it is newer than every run', async () => {
    expect((await told(context => reportCommand('latest', { json: true }, context))).json).toEqual(newer)
  })

  it('is found by the beginning of its id, and its page is written again', async () => {
    const { text } = await told(context => reportCommand('2999', {}, context))
    expect(text).toContain(`Report: .whetstone/loads/${newer.run.id}/report.html`)
  })

  it('is counted where nothing of that name is found', async () => {
    await expect(told(context => reportCommand('nope', {}, context))).rejects.toMatchObject({
      code: 'WHET_RUN_NOT_FOUND',
      message: `no run or load test 'nope' in ${join(folder, '.whetstone')} (1 run and 2 load tests there)`,
    })
  })

  it('leaves runs to be found as before', async () => {
    const { json } = await told(context => reportCommand(recordedRun.run.id, { json: true }, context))
    expect(json).toMatchObject({ schema: 'whetstone/run@1' })
  })
})

it('ids sort by time as text', () => {
  const [early, late] = [new Date(0), new Date('2030-05-06T07:08:09Z')].map(loadId)
  expect(early! < late!).toBe(true)
  expect(late).toMatch(/^2030-05-06-07-08-09-[0-9a-f]{4}$/)
})
