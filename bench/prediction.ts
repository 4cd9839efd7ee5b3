/** How good the predictions were: every experiment wrote one down before its remedy was started, and measured it afterwards. */
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { median, spearman } from '@whetstone/stats'
import type { ExperimentResult } from '../experiments/measure.ts'
import type { Bench } from './run.ts'

const folder = fileURLToPath(new URL('../experiments/results/', import.meta.url))

/** Nothing is measured here: the figures are those of the stored results, so that anybody gets the same. */
export const bench: Bench = {
  name: 'prediction',
  async run({ log }) {
    const results = await storedResults()
    const scores = results.flatMap(result => scoreOf(result) ?? [])
    for (const { practice, predictedMs, measuredMs, isInside } of scores)
      log(
        `${practice}: predicted ${predictedMs.toFixed(1)} ms, measured ${measuredMs.toFixed(1)} ms${isInside ? '' : ', outside the interval'}`,
      )
    return { runs: results.length, figures: { ...figuresOf(scores), experiments: results.length } }
  },
}

interface Score {
  readonly practice: string
  readonly predictedMs: number
  readonly measuredMs: number
  readonly isInside: boolean
  /** Of the p50 before, 0 to 1; the speed of the machine at the time cancels out. */
  readonly predictedFraction: number
  readonly measuredFraction: number
}

/** Undefined where the practice makes no claim about the p50, as one about bytes or errors. */
export function scoreOf({ practice, predicted, measuredP50Ms }: ExperimentResult): Score | undefined {
  const p50 = predicted?.p50Ms
  if (!p50 || measuredP50Ms.before <= 0 || measuredP50Ms.after <= 0) return undefined
  return {
    practice,
    predictedMs: p50.estimate,
    measuredMs: measuredP50Ms.after,
    isInside: measuredP50Ms.after >= p50.low && measuredP50Ms.after <= p50.high,
    predictedFraction: p50.estimate / p50.beforeMs,
    measuredFraction: measuredP50Ms.after / measuredP50Ms.before,
  }
}

export function figuresOf(scores: readonly Score[]): Readonly<Record<string, number | null>> {
  const middle = (of: (score: Score) => number) => (scores.length > 0 ? rounded(median(scores.map(of))) : null)
  const rho = spearman(
    scores.map(({ predictedFraction }) => predictedFraction),
    scores.map(({ measuredFraction }) => measuredFraction),
  )
  return {
    scored: scores.length,
    spearman: Number.isFinite(rho) ? rounded(rho) : null,
    medianErrorP50: middle(({ predictedMs, measuredMs }) => Math.abs(predictedMs - measuredMs) / measuredMs),
    medianErrorOfFraction: middle(
      ({ predictedFraction, measuredFraction }) => Math.abs(predictedFraction - measuredFraction) / measuredFraction,
    ),
    coverage90: scores.length > 0 ? rounded(scores.filter(({ isInside }) => isInside).length / scores.length) : null,
  }
}

const rounded = (value: number): number => Number(value.toPrecision(3))

async function storedResults(): Promise<ExperimentResult[]> {
  const files = await readdir(folder, { recursive: true }).catch(() => [])
  const names = files.filter(file => file.endsWith('.json')).toSorted()
  return Promise.all(
    names.map(async name => JSON.parse(await readFile(`${folder}${name}`, 'utf8')) as ExperimentResult),
  )
}
