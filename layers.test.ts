import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = import.meta.dirname
const { forbidden } = createRequire(import.meta.url)('./.dependency-cruiser.cjs') as { forbidden: { name: string }[] }

interface Planted {
  /** Where the import stands. */
  readonly in: string
  readonly line: string
}
const importing = (path: string) => `import '${path}'\n`

/** What each rule is there to stop. */
const wrong: Readonly<Record<string, Planted>> = {
  'model-imports-only-nothing': { in: 'packages/model/src/to-stats.ts', line: importing('../../stats/src/index.ts') },
  'stats-imports-only-nothing': { in: 'packages/stats/src/to-model.ts', line: importing('../../model/src/index.ts') },
  'load-imports-only-model-stats': { in: 'packages/load/src/to-loop.ts', line: importing('../../loop/src/index.ts') },
  'probe-imports-only-model-stats': { in: 'packages/probe/src/to-load.ts', line: importing('../../load/src/index.ts') },
  'catalogue-imports-only-model-stats': {
    in: 'packages/catalogue/test/to-loop.ts',
    line: importing('../../loop/src/index.ts'),
  },
  'runtime-imports-only-nothing': {
    in: 'packages/runtime/src/to-model.ts',
    line: importing('../../model/src/index.ts'),
  },
  'sandbox-imports-only-model': { in: 'packages/sandbox/src/to-stats.ts', line: importing('../../stats/src/index.ts') },
  'loop-imports-only-model-stats-load-catalogue-probe': {
    in: 'packages/loop/src/to-dashboard.ts',
    line: importing('../../dashboard/src/index.ts'),
  },
  'dashboard-imports-only-model-stats': {
    in: 'packages/dashboard/src/to-loop.ts',
    line: importing('../../loop/src/index.ts'),
  },
  'cli-imports-only-model-stats-load-probe-catalogue-loop-sandbox-dashboard-cli-apps': {
    in: 'packages/cli/src/to-bench.ts',
    line: importing('../../../bench/run.ts'),
  },
  'apps-imports-only-runtime-sandbox': {
    in: 'apps/shop/src/to-model.ts',
    line: importing('../../../packages/model/src/index.ts'),
  },
  'examples-imports-only-model-stats-load-runtime-sandbox-dashboard': {
    in: 'examples/climb/src/to-loop.ts',
    line: importing('../../../packages/loop/src/index.ts'),
  },
  'model-and-stats-do-no-io': { in: 'packages/stats/src/to-files.ts', line: importing('node:fs') },
  'probe-takes-only-types-of-model': {
    in: 'packages/probe/src/to-model.ts',
    line: importing('../../model/src/index.ts'),
  },
  'practices-do-not-know-one-another': {
    in: 'packages/catalogue/src/api/to-practice.ts',
    line: importing('../caching/practice.ts'),
  },
  'no-cycles': { in: 'packages/loop/src/circle.ts', line: importing('./other-half.ts') },
  'no-undeclared-packages': { in: 'packages/stats/src/to-undeclared.ts', line: importing('undeclared') },
}

/** As near to a violation as one may come. */
const right: readonly Planted[] = [
  { in: 'packages/probe/src/to-types.ts', line: "import type {} from '../../model/src/index.ts'\n" },
  { in: 'packages/catalogue/src/api/to-owner.ts', line: importing('../database/missing-index.ts') },
  { in: 'packages/catalogue/src/api/practice.test.ts', line: importing('../caching/practice.ts') },
  { in: 'packages/loop/src/to-probe.ts', line: importing('../../probe/src/index.ts') },
  { in: 'apps/shop/src/to-sandbox.ts', line: importing('../../../packages/sandbox/src/index.ts') },
  { in: 'examples/climb/src/to-load.ts', line: importing('../../../packages/load/src/index.ts') },
  { in: 'apps/shop/src/to-runtime.ts', line: importing('../../../packages/runtime/src/index.ts') },
  { in: 'bench/to-anything.ts', line: importing('../packages/loop/src/index.ts') },
]

const surroundings: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['model', 'stats', 'load', 'probe', 'loop', 'runtime', 'sandbox', 'dashboard'].map(name => [
      `packages/${name}/src/index.ts`,
      'export {}\n',
    ]),
  ),
  'bench/run.ts': 'export {}\n',
  'packages/catalogue/src/caching/practice.ts': 'export {}\n',
  'packages/catalogue/src/database/missing-index.ts': 'export {}\n',
  'packages/loop/src/other-half.ts': importing('./circle.ts'),
  'packages/stats/package.json': '{}',
  'node_modules/undeclared/package.json': '{ "name": "undeclared", "main": "index.js" }',
  'node_modules/undeclared/index.js': '',
}

describe('the layers', () => {
  const broken = brokenIn([...Object.values(wrong), ...right])

  test.each(forbidden.map(rule => rule.name))('%s', name => {
    expect(broken).toContainEqual({ rule: name, in: wrong[name]?.in })
  })

  test('what comes near is allowed', () => {
    expect(broken.filter(violation => right.some(planted => planted.in === violation.in))).toEqual([])
  })
})

/** Which rules a tree with these lines breaks, and where. */
function brokenIn(lines: readonly Planted[]): { rule: string; in: string }[] {
  const folder = mkdtempSync(join(root, 'node_modules/.layers-'))
  try {
    const files = { ...surroundings, ...Object.fromEntries(lines.map(({ in: file, line }) => [file, line])) }
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    for (const name of ['tsconfig.base.json', 'tsconfig.json']) symlinkSync(join(root, name), join(folder, name))
    const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
    const config = join(root, '.dependency-cruiser.cjs')
    const everything = ['packages', 'apps', 'examples', 'bench']
    const { stdout } = spawnSync(
      process.execPath,
      [program, '--config', config, '--output-type', 'json', ...everything],
      { cwd: folder, encoding: 'utf8' },
    )
    const { summary } = JSON.parse(stdout) as { summary: { violations: { rule: { name: string }; from: string }[] } }
    return summary.violations.map(({ rule, from }) => ({ rule: rule.name, in: from }))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
