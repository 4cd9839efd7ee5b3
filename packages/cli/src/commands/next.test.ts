import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommandContext } from '../context.ts'
import { recordedRun } from '../terminal/testing/printed.ts'
import { catalogueCommand } from './catalogue.ts'
import { coverageCommand } from './coverage.ts'
import { explainCommand } from './explain.ts'
import { exportCommand } from './export.ts'
import { historyCommand } from './history.ts'
import { identifyCommand } from './identify.ts'
import { initCommand } from './init.ts'
import { reportCommand } from './report.ts'
import { toldBy } from './testing/command-context.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-next-'))
  const run = join(folder, '.whetstone', 'runs', recordedRun.run.id)
  await mkdir(join(run, 'evidence'), { recursive: true })
  // A page is drawn from everything; what the recording left out is empty here.
  const whole = { ...recordedRun, loadCurve: undefined, trial: undefined, traces: [], plans: [], events: [] }
  await writeFile(join(run, 'run.json'), JSON.stringify(whole))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const commands: Readonly<Record<string, (context: CommandContext) => unknown>> = {
  catalogue: shell => catalogueCommand({}, shell),
  coverage: shell => coverageCommand('latest', {}, shell),
  explain: shell => explainCommand('n-plus-one', {}, shell),
  export: shell => exportCommand('latest', {}, shell),
  history: shell => historyCommand({}, shell),
  identify: shell => identifyCommand('latest', {}, shell),
  init: shell => initCommand({ yes: true }, shell),
  report: shell => reportCommand('latest', {}, shell),
}
/** They start services; what they print last is read from their text. */
const starting = ['capacity', 'demo', 'diagnose', 'load', 'trial']

describe('the last line of a command says what to type next', () => {
  it('holds for every command there is', async () => {
    const program = await readFile(new URL('../program.ts', import.meta.url), 'utf8')
    const named = Array.from(program.matchAll(/\.command\('(\w+)'\)/g), ([, name]) => name)
    expect([...Object.keys(commands), ...starting].toSorted()).toEqual(named.toSorted())
  })

  it.each(Object.entries(commands))('%s', async (_, command) => {
    const { text } = await toldBy(command, folder)
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/^ {2}Next: whetstone \w+/)
  })

  it.each(starting)('%s', async name => {
    const source = await readFile(new URL(`${name}.ts`, import.meta.url), 'utf8')
    expect(source.match(/printNext\(/g)).toHaveLength(1)
  })
})
