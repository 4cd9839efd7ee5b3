import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = import.meta.dirname

/** The names of the rules that a tree of just these files breaks. */
function brokenBy(files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(root, 'node_modules/.layers-'))
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    symlinkSync(join(root, 'tsconfig.base.json'), join(folder, 'tsconfig.base.json'))
    symlinkSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'))
    const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
    const config = join(root, '.dependency-cruiser.cjs')
    const { stdout } = spawnSync(process.execPath, [program, '--config', config, '--output-type', 'json', 'packages'], {
      cwd: folder,
      encoding: 'utf8',
    })
    const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string } }[] } }
    return summary.violations.map(violation => violation.rule.name)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('the layers', () => {
  test('stats may not read files', () => {
    const planted = { 'packages/stats/src/planted.ts': "import { readFileSync } from 'node:fs'\nreadFileSync('x')\n" }
    expect(brokenBy(planted)).toContain('model-and-stats-do-no-io')
  })

  test('a practice may not know another practice', () => {
    const planted = {
      'packages/catalogue/src/api/planted.ts': "import '../caching/other.ts'\n",
      'packages/catalogue/src/caching/other.ts': 'export {}\n',
    }
    expect(brokenBy(planted)).toContain('practices-do-not-know-one-another')
  })
})
