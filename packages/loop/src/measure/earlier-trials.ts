/** Comparisons are kept beside the runs, `.whetstone/trials/<id>.json`, so that a later run knows which changes were proved. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EarlierTrial, maskedDeep, type MetricComparison, type TrialResult } from '@whetstone/model'
import { writeAtomically } from './write-atomically.ts'

/** As many as are worth knowing of; each is a file to read. */
const mostTrials = 10

interface KeptTrial {
  readonly startedAt: string
  readonly result: TrialResult
}

/** @param id sorts by time as text, as that of a run does */
export async function saveTrial(base: string, id: string, kept: KeptTrial): Promise<void> {
  const folder = join(base, 'trials')
  await mkdir(folder, { recursive: true })
  await writeFile(join(base, '.gitignore'), '*\n')
  await writeAtomically(join(folder, `${id}.json`), `${JSON.stringify(maskedDeep(kept))}\n`)
}

/** Oldest first. What cannot be read is passed over: a note beside the runs must not stop the next run. */
export async function earlierTrials(base: string): Promise<readonly EarlierTrial[]> {
  const folder = join(base, 'trials')
  const files = (await readdir(folder).catch(() => [] as string[])).filter(name => name.endsWith('.json')).toSorted()
  const trials: EarlierTrial[] = []
  for (const name of files.slice(-mostTrials)) {
    const kept = await readFile(join(folder, name), 'utf8').then(parse, () => undefined)
    if (kept?.result?.schema === 'trial@1') trials.push(summaryOf(name.slice(0, -'.json'.length), kept))
  }
  return trials
}

function parse(text: string): KeptTrial | undefined {
  try {
    return JSON.parse(text) as KeptTrial
  } catch {
    return undefined
  }
}

function summaryOf(id: string, { startedAt, result }: KeptTrial): EarlierTrial {
  const { verdict, metrics, pairs, guard } = result
  const p95 = metrics.find(({ route, name }) => route === 'overall' && name === 'p95Ms')
  return {
    id,
    startedAt,
    verdict,
    pairs,
    tooNoisy: guard.tooNoisy,
    ...(p95 ? { p95: p95.ratio } : {}),
    changed: metrics.filter(isChanged).map(({ route, a, b }) => ({ route, beforeMs: a, afterMs: b })),
  }
}

const isChanged = ({ route, name, verdict }: MetricComparison): boolean =>
  route !== 'overall' && name === 'p50Ms' && (verdict === 'better' || verdict === 'worse')
