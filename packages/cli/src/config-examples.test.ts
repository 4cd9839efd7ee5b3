import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { practices } from '@whetstone/catalogue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configText, defaults } from './commands/init.ts'
import { loadConfig } from './config.ts'

describe('every config that we show is one that we read', async () => {
  const shown = [
    ...practices.flatMap(({ id, remedy: { example } }) =>
      [example.before, example.after].map(code => [`remedy of ${id}`, code] as const),
    ),
    ...(await codeOfPages()),
    ['whetstone init', configText(defaults)] as const,
  ].filter(([, code]) => /whetstone\.config|defineConfig\(/.test(code) && /export default/.test(code))

  // A folder each: a module that was loaded once is not read again.
  let folder: string
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'whetstone-config-'))))
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('finds those that are there', () => {
    expect(shown.map(([place]) => place)).toEqual(
      expect.arrayContaining(['remedy of response-time-target', 'whetstone init']),
    )
  })

  it.each(shown)('%s', async (_, code) => {
    // The package that a project imports from is not installed in an empty folder.
    const own = code.replace(/^import .* from 'whetstone'$/m, 'const defineConfig = config => config')
    await writeFile(join(folder, 'whetstone.config.mjs'), own)
    await expect(loadConfig(folder)).resolves.toMatchObject({ budgets: expect.any(Object) })
  })
})

/** Fenced code of everything in Markdown that is tracked. */
async function codeOfPages(): Promise<(readonly [place: string, code: string])[]> {
  const root = new URL('../../../', import.meta.url)
  const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean)
  const codes = pages.map(async page => {
    const text = await readFile(new URL(page, root), 'utf8')
    return Array.from(text.matchAll(/^```\w*\n(.*?)^```/gms), ([, code]) => [page, code as string] as const)
  })
  return (await Promise.all(codes)).flat()
}
