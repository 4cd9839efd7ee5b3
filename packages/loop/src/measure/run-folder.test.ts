import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Evidence, RunReport } from '@whetstone/model'
import { comparable, createRunFolder, findRun, readIndex, readReport } from './run-folder.ts'

const host = {
  host: { schema: 'host@1', cores: 2, cpuModel: 'x', memoryBytes: 1, kernel: 'x', samples: [] },
} as Evidence
const report = (id: string, more: { interruptedAfterMs?: number; verdict?: string } = {}): RunReport =>
  ({
    run: { id, startedAt: id, ...(more.interruptedAfterMs ? { interruptedAfterMs: more.interruptedAfterMs } : {}) },
    target: { name: 'shop' },
    overall: { p50Ms: 1, p95Ms: 2 },
    findings: [],
    verdict: more.verdict ?? 'diagnosed',
  }) as unknown as RunReport

describe('the runs of a folder', () => {
  let base: string
  beforeEach(async () => void (base = await mkdtemp(join(tmpdir(), 'whetstone-runs-'))))
  afterEach(async () => await rm(base, { recursive: true }))

  const run = async (id: string, holds: 'report' | 'evidence' | 'nothing') => {
    const folder = await createRunFolder(base, id)
    if (holds !== 'nothing') await folder.writeEvidence(host)
    if (holds === 'report') await folder.writeFile('run.json', '{}')
    return folder
  }

  const write = async (one: RunReport) => await (await createRunFolder(base, one.run.id)).writeReport(one)

  it('the latest is the newest with a report, whatever failed or started since', async () => {
    await run('2026-01-01-a', 'report')
    await run('2026-01-02-b', 'report')
    await run('2026-01-03-c', 'evidence')
    await run('2026-01-04-d', 'nothing')
    expect(await findRun(base, 'latest')).toBe(join(base, 'runs', '2026-01-02-b'))
  })

  it('the latest of runs without a report is the newest with evidence', async () => {
    await run('2026-01-03-c', 'evidence')
    await run('2026-01-04-d', 'nothing')
    expect(await findRun(base, 'latest')).toBe(join(base, 'runs', '2026-01-03-c'))
  })

  it('says that there is none, rather than give an empty one', async () => {
    await run('2026-01-04-d', 'nothing')
    await expect(findRun(base, 'latest')).rejects.toMatchObject({ code: 'WHET_RUN_NOT_FOUND' })
  })

  it('finds a run by the beginning of its id, and says when several begin so', async () => {
    await run('2026-01-01-a', 'report')
    await run('2026-01-01-ab', 'report')
    await run('2026-02-01-c', 'report')
    expect(await findRun(base, '2026-02')).toBe(join(base, 'runs', '2026-02-01-c'))
    expect(await findRun(base, '2026-01-01-a')).toBe(join(base, 'runs', '2026-01-01-a'))
    await expect(findRun(base, '2026-01')).rejects.toMatchObject({
      code: 'WHET_RUN_AMBIGUOUS',
      hint: '2026-01-01-a\n2026-01-01-ab',
    })
  })

  it('removes the folder of a run that measured nothing, and no other', async () => {
    await (await run('2026-01-01-a', 'nothing')).removeIfEmpty()
    await (await run('2026-01-02-b', 'evidence')).removeIfEmpty()
    const withFile = await run('2026-01-03-c', 'nothing')
    await mkdir(join(withFile.path, 'evidence', 'kept'))
    await withFile.removeIfEmpty()
    expect(await readdir(join(base, 'runs'))).toEqual(['2026-01-02-b', '2026-01-03-c'])
  })

  it('leaves interrupted and failed runs out of what later ones are held against', async () => {
    await write(report('whole'))
    await write(report('cut off', { interruptedAfterMs: 2_000 }))
    await write(report('died', { verdict: 'failed' }))
    const entries = await readIndex(base)
    expect(entries.map(({ id, interrupted }) => [id, interrupted ?? false])).toEqual([
      ['whole', false],
      ['cut off', true],
      ['died', false],
    ])
    expect(comparable(entries).map(({ id }) => id)).toEqual(['whole'])
  })

  it('says the same in the run and in the index, also when it is written again', async () => {
    await write(report('proved'))
    await write(report('proved', { verdict: 'better' }))
    expect((await readReport(join(base, 'runs', 'proved'))).verdict).toBe('better')
    expect((await readIndex(base)).map(({ id, verdict }) => [id, verdict])).toEqual([['proved', 'better']])
  })
})
