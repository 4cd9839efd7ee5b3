/** One row per practice of the roadmap, and how far it is built and proved here: true only where the file is. */
import { existsSync, readFileSync } from 'node:fs'
import { practiceById, roadmap } from '@whetstone/catalogue'

export interface CatalogueRow {
  readonly id: string
  readonly chapter: string
  readonly kind: string
  readonly mark: string
  readonly tier: number
  /** A detector that found its fault, or filled its row of the coverage, from a real run, which is kept and given to it again by a test. */
  readonly detector: boolean
  /** A stored result that reported before, was silent after, and measured a gain. */
  readonly experiment: boolean
  readonly page: boolean
}

/** Written by the build: a published package has neither the pages nor the results beside it. */
const published = new URL('./catalogue-rows.json', import.meta.url)

export function catalogueRows(): readonly CatalogueRow[] {
  if (existsSync(published)) return JSON.parse(readFileSync(published, 'utf8')) as CatalogueRow[]
  return roadmap.map(({ id, chapter, kind, mark, tier }) => ({
    id,
    chapter,
    kind,
    mark,
    tier,
    detector: practiceById(id) !== undefined && existsSync(recordingOf(chapter, id)),
    experiment: proved(chapter, id),
    page: existsSync(new URL(`../../../docs/practices/${chapter}/${id}.md`, import.meta.url)),
  }))
}

function recordingOf(chapter: string, id: string): URL {
  return new URL(`../../catalogue/test/recorded/${chapter}/${id}.json`, import.meta.url)
}

function proved(chapter: string, id: string): boolean {
  const file = new URL(`../../../experiments/results/${chapter}/${id}.json`, import.meta.url)
  if (!existsSync(file)) return false
  const result = JSON.parse(readFileSync(file, 'utf8')) as {
    reportedOnBefore: boolean
    silentOnAfter: boolean
    verdict: string
  }
  return result.reportedOnBefore && result.silentOnAfter && result.verdict === 'better'
}
