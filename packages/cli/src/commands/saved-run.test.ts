import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CoverageRow, RankedFinding } from '@whetstone/model'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CommandContext } from '../context.ts'
import { recordedRun } from '../terminal/testing/printed.ts'
import { coverageCommand } from './coverage.ts'
import { explainCommand } from './explain.ts'
import { historyCommand } from './history.ts'
import { toldBy } from './testing/command-context.ts'

const [first] = recordedRun.findings as readonly [RankedFinding]
const list = (route: string, title: string): RankedFinding => ({
  ...first,
  practice: 'api-pagination',
  title,
  where: { route },
  remedy: { summary: '', steps: ['Take a limit.'], code: { language: 'ts', after: 'const limit = 50' } },
})
const row = (practice: string, note: string): CoverageRow => ({
  practice,
  chapter: 'api',
  title: practice,
  state: 'pass',
  note,
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-saved-'))
  const base = join(folder, '.whetstone')
  const runs = join(base, 'runs')
  await mkdir(join(runs, recordedRun.run.id, 'evidence'), { recursive: true })
  const findings = [
    list('GET /posts', 'all 10,000 items in one answer'),
    list('GET /comments', 'all 30,000 items in one answer'),
    { ...first, also: [{ practice: 'http-cache-headers', title: 'made anew for every request' }] },
  ]
  const coverage = [row('response-compression', 'a note that is longer than what fits beside the name of its practice')]
  await writeFile(join(runs, recordedRun.run.id, 'run.json'), JSON.stringify({ ...recordedRun, findings, coverage }))
  const entry = {
    id: recordedRun.run.id,
    startedAt: recordedRun.run.startedAt,
    target: 'server.js',
    p50Ms: 46,
    p95Ms: 804,
    findings: [
      { fingerprint: 'a', practice: 'sync-io', severity: 'high' },
      { fingerprint: 'b', practice: 'sync-io', severity: 'info' },
    ],
  }
  await writeFile(join(base, 'index.json'), JSON.stringify([entry]))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const printed = async (command: (context: CommandContext) => unknown) => (await toldBy(command, folder)).text

it('explains one remedy once, for all the routes that need it', async () => {
  const text = await printed(context => explainCommand('api-pagination', {}, context))
  expect(text.slice(text.indexOf('  all 10,000'), text.indexOf('  Thresholds'))).toMatchInlineSnapshot(`
    "  all 10,000 items in one answer
        GET /posts
      all 30,000 items in one answer
        GET /comments
        · Take a limit.
        const limit = 50

    "
  `)
})

it('explains where a finding went that is part of another', async () => {
  const text = await printed(context => explainCommand('http-cache-headers', {}, context))
  expect(text).toContain('first: whetstone explain n-plus-one')
})

it('shows the whole note of a check', async () => {
  expect(await printed(context => coverageCommand('latest', {}, context))).toMatchInlineSnapshot(`
    "api
      ✓ response-compression             a note that is longer than what fits beside
                                         the name of its practice
      Next: whetstone explain api-pagination
    "
  `)
})

it('lists runs with as many findings as they had', async () => {
  const text = await printed(context => historyCommand({}, context))
  expect(text).toMatch(/p50 +46 ms {2}p95 +804 ms {3}2 findings {2}server\.js/)
})
