import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { Experiment } from './define.ts'
import { unproved } from './judge.ts'
import { storedResultIds } from './list.ts'
import { hashOf, measureExperiment, type ExperimentResult } from './measure.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const ids = await storedResultIds(folder)

async function load(id: string) {
  const file = `${folder}${id}.ts`
  const { experiment } = (await import(file)) as { experiment: Experiment }
  return { file, chapter: id.split('/')[0] ?? '', experiment }
}

describe('a quick experiment', () => {
  test.for(['database/missing-index', 'database/n-plus-one'])(
    '%s is reported on its fault and silent on its remedy, with the same answers',
    { timeout: 120_000 },
    async id => {
      const { result } = await measureExperiment({
        ...(await load(id)),
        quick: true,
        onProgress: () => {},
        signal: new AbortController().signal,
      })
      expect(result).toMatchObject({ reportedOnBefore: true, silentOnAfter: true })
      expect(result.answer).toMatch(/^same for \d+ requests$/)
    },
  )
})

describe('the stored result', () => {
  test.for(ids)('of %s is that of its experiment and practice, and proves both', async (id: string) => {
    const { file, chapter, experiment } = await load(id)
    const text = await readFile(`${folder}results/${id}.json`, 'utf8')
    const result = JSON.parse(text) as ExperimentResult
    expect(result.practice).toBe(experiment.practice)
    expect(result.hash, `measure it again: npm run -s experiment -- ${id}`).toBe(
      await hashOf({ file, chapter, experiment }),
    )
    expect(unproved(result, experiment)).toEqual([])
    expect(text.length).toBeLessThan(60_000)
  })
})
