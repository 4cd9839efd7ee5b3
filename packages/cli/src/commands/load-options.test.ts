/** What the help of a load test shows is true. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadScenario } from '@whetstone/load'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addLoadHelp, addLoadOptions, refusals, scenarioExample } from './load-options.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-help-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('the help of a load test', () => {
  it('shows a scenario file that can be loaded, and where the rest is told', async () => {
    let help = ''
    const command = addLoadHelp(new Command('load'), []).configureOutput({ writeOut: text => (help += text) })
    command.outputHelp()
    for (const line of scenarioExample) expect(help).toContain(line)
    expect(help).toContain('docs/guide/scenarios.md')
    await expect(readFile(new URL('../../../../docs/guide/scenarios.md', import.meta.url))).resolves.toBeDefined()

    const file = join(folder, 'shop.ts')
    await writeFile(file, scenarioExample.join('\n'))
    expect(await loadScenario({ file })).toMatchObject({ name: 'shop', routes: ['GET /items'] })
  })

  it.each(Object.keys(refusals) as (keyof typeof refusals)[])('leaves out what %s refuses', kind => {
    const [plain, other] = [addLoadOptions(new Command()), addLoadOptions(new Command(), { kind })]
    for (const flag of refusals[kind].flags) {
      expect(plain.helpInformation()).toContain(`--${flag} <`)
      expect(other.helpInformation()).not.toContain(`--${flag} <`)
    }
  })
})
