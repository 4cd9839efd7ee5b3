/** What people see when they turn a recording into a scenario. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CommandContext } from '../context.ts'
import { plainTerminal } from '../terminal/testing/printed.ts'
import type { LoadImportOptions } from './load-import-options.ts'
import { loadImportCommand } from './load-import.ts'

let folder: string
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'whetstone-import-'))))
afterEach(() => rm(folder, { recursive: true }))

async function command(source: string, options: Partial<LoadImportOptions> = {}): Promise<string> {
  let text = ''
  const context = {
    terminal: plainTerminal(part => (text += part)),
    workingDirectory: folder,
  } as unknown as CommandContext
  await loadImportCommand(source, { onBad: 'skip', ...options }, context)
  return text
}

const log = [
  '1.1.1.1 - - [21/Nov/2026:02:00:00 +0000] "GET /orders/1 HTTP/1.1" 200 5',
  'starting up',
  '1.1.1.1 - - [21/Nov/2026:02:00:01 +0000] "GET /orders/2 HTTP/1.1" 200 5',
  '1.1.1.1 - - [21/Nov/2026:02:00:01 +0000] "GET /orders/3 HTTP/1.1" 500 5',
].join('\n')

describe('whetstone load import', () => {
  it('writes a scenario, and says what it skipped, where, and what to do next', async () => {
    await writeFile(join(folder, 'access.log'), log)
    expect(await command('access.log', { arrivals: true })).toMatchInlineSnapshot(`
      "  ! access.log:2 neither combined format nor JSON
        ! 1 line or entry could not be read; --on-bad refuse would refuse them
        ! left out 1 request answered with 4xx or 5xx
        Wrote access.scenario.ts: 1 flow made from 2 requests of access.log
        Wrote access.arrivals.txt
        Next: whetstone load --scenario access.scenario.ts --shape replay:access.arrivals.txt
      "
    `)
    expect(await readdir(folder)).toEqual(['access.arrivals.txt', 'access.log', 'access.scenario.ts'])
    expect(await readFile(join(folder, 'access.arrivals.txt'), 'utf8')).toBe('0\n1000\n')
  })

  it('takes a curl command as it was copied, without its secrets', async () => {
    expect(await command(`curl -H 'Authorization: Bearer abcdefgh12' http://127.0.0.1:3000/me`)).toMatchInlineSnapshot(`
      "  Wrote imported.scenario.ts: 1 flow made from 1 request of the command
        Set before the run, for it is not in the file: TOKEN
        Next: whetstone load --scenario imported.scenario.ts
      "
    `)
    expect(await readFile(join(folder, 'imported.scenario.ts'), 'utf8')).not.toContain('abcdefgh12')
  })

  it('refuses a file with bad lines when it is told to, and writes nothing', async () => {
    await writeFile(join(folder, 'access.log'), log)
    await expect(command('access.log', { onBad: 'refuse' })).rejects.toMatchObject({
      code: 'WHET_IMPORT_REFUSED',
      exitCode: 2,
      message: '1 line or entry could not be read, and --on-bad is refuse',
      hint: 'access.log:2 neither combined format nor JSON',
    })
    expect(await readdir(folder)).toEqual(['access.log'])
  })

  it('writes over nothing unless it is told to', async () => {
    await writeFile(join(folder, 'access.log'), log)
    await writeFile(join(folder, 'access.scenario.ts'), 'mine')
    await expect(command('access.log')).rejects.toMatchObject({ code: 'WHET_IMPORT_EXISTS' })
    expect(await readFile(join(folder, 'access.scenario.ts'), 'utf8')).toBe('mine')
    await command('access.log', { force: true })
    expect(await readFile(join(folder, 'access.scenario.ts'), 'utf8')).toContain('scenario({')
  })

  it.each<[string, string, Partial<LoadImportOptions>, object]>([
    ['a file that is not there', 'none.har', {}, { code: 'WHET_FILE' }],
    ['a file it cannot tell', 'notes.txt', {}, { code: 'WHET_IMPORT_FORMAT' }],
    [
      'a file of another format than it was told',
      'notes.txt',
      { format: 'har' },
      { code: 'WHET_IMPORT_EMPTY', hint: expect.stringContaining('not JSON') as string },
    ],
    ['a base that is no URL', 'notes.txt', { baseUrl: 'localhost:3000' }, { code: 'WHET_URL' }],
  ])('tells of %s', async (_name, source, options, error) => {
    await writeFile(join(folder, 'notes.txt'), 'milk, eggs')
    await expect(command(source, options)).rejects.toMatchObject(error)
  })
})
