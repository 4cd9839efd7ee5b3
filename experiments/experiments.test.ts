import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { hashOf } from './arms.ts'
import { type Drill, type Experiment, isDrill } from './define.ts'
import { type DrillResult, runDrill, undone } from './drill.ts'
import { unproved } from './judge.ts'
import { measureExperiment, type ExperimentResult } from './measure.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
/** Of what was carried out: `database/n-plus-one`. */
const ids = (await readdir(`${folder}results`, { recursive: true }))
  .filter(file => file.endsWith('.json'))
  .map(file => file.slice(0, -5))
  .toSorted()

async function load(id: string) {
  const file = `${folder}${id}.ts`
  const { experiment } = (await import(file)) as { experiment: Experiment | Drill }
  return { file, chapter: id.split('/')[0] ?? '', experiment }
}

describe('a quick experiment', () => {
  test.for(['database/missing-index', 'database/n-plus-one'])(
    '%s is reported on its fault and silent on its remedy, with the same answers',
    { timeout: 400_000 },
    async id => {
      const { experiment, ...place } = await load(id)
      if (isDrill(experiment)) throw new Error(`${id} is a drill`)
      const { result } = await measureExperiment({
        ...place,
        experiment,
        quick: true,
        onProgress: () => {},
        signal: new AbortController().signal,
      })
      expect(result).toMatchObject({ reportedOnBefore: true, silentOnAfter: true })
      expect(result.answer).toMatch(/^same for \d+ requests$/)
    },
  )
})

describe('a quick drill', () => {
  test('is reported on its fault and silent on its remedy', { timeout: 400_000 }, async () => {
    const { experiment, ...place } = await load('foundations/availability')
    if (!isDrill(experiment)) throw new Error('no drill')
    const { result } = await runDrill({
      ...place,
      experiment,
      quick: true,
      onProgress: () => {},
      signal: new AbortController().signal,
    })
    expect(result).toMatchObject({ reportedOnBefore: true, silentOnAfter: true, after: [0, 0] })
    expect(Math.min(...result.before)).toBeGreaterThan(2)
  })
})

describe('the stored result', () => {
  test.for(ids)('of %s is that of its experiment and practice, and proves both', async (id: string) => {
    const { file, chapter, experiment } = await load(id)
    const text = await readFile(`${folder}results/${id}.json`, 'utf8')
    const result = JSON.parse(text) as ExperimentResult | DrillResult
    expect(result.practice).toBe(experiment.practice)
    expect(result.hash, `measure it again: npm run -s experiment -- ${id}`).toBe(
      await hashOf({ file, chapter, experiment }),
    )
    expect(reasonsOf(result, experiment)).toEqual([])
    expect(text.length).toBeLessThan(60_000)
  })
})

function reasonsOf(result: ExperimentResult | DrillResult, experiment: Experiment | Drill): readonly string[] {
  if (isDrill(experiment)) return result.schema === 'whetstone/drill@1' ? undone(result, experiment) : ['no drill']
  return result.schema === 'whetstone/experiment@1' ? unproved(result, experiment) : ['no experiment']
}
