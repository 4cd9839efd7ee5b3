/** One folder a run: evidence by kind, the report, an index of all runs beside them. Files are the history; nothing else is needed to identify again offline. */
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Evidence, evidenceKinds, exitCodes, maskedDeep, type RunReport, WhetstoneError } from '@whetstone/model'
import { writeAtomically } from './write-atomically.ts'

export interface RunFolder {
  readonly id: string
  readonly path: string
  writeEvidence(evidence: Evidence): Promise<void>
  /** The run and its line in the index, which are never of two minds; a run that is written again replaces both. */
  writeReport(report: RunReport): Promise<void>
  writeFile(name: string, text: string): Promise<string>
  /** A run that measured nothing leaves nothing: it would stand where the last good run is looked for. */
  removeIfEmpty(): Promise<void>
}

export interface IndexEntry {
  readonly id: string
  readonly startedAt: string
  readonly target: string
  readonly p50Ms: number
  readonly p95Ms: number
  readonly findings: readonly { readonly practice: string; readonly fingerprint: string; readonly severity: string }[]
  readonly verdict: string
  readonly interrupted?: true
  readonly git?: NonNullable<RunReport['run']['git']>
}

/** @param base the `.whetstone` folder; it ignores itself in git. */
export async function createRunFolder(base: string, id: string): Promise<RunFolder> {
  const path = join(base, 'runs', id)
  await mkdir(join(path, 'evidence'), { recursive: true })
  await writeFile(join(base, '.gitignore'), '*\n')
  return {
    id,
    path,
    async writeEvidence(evidence) {
      for (const kind of evidenceKinds) {
        if (evidence[kind])
          await writeAtomically(join(path, 'evidence', `${kind}.json`), JSON.stringify(maskedDeep(evidence[kind])))
      }
    },
    async writeReport(report) {
      await writeAtomically(join(path, 'run.json'), `${JSON.stringify(report, null, 1)}\n`)
      await addToIndex(base, report)
    },
    async writeFile(name, text) {
      const file = join(path, name)
      await writeAtomically(file, text)
      return file
    },
    async removeIfEmpty() {
      // rmdir refuses a folder that holds anything.
      await rmdir(join(path, 'evidence'))
        .then(() => rmdir(path))
        .catch(() => {})
    },
  }
}

/** Accepts a run id, `latest` (that has a report), a unique beginning of an id, or a path. @throws WhetstoneError WHET_RUN_NOT_FOUND, WHET_RUN_AMBIGUOUS */
export async function findRun(base: string, name: string): Promise<string> {
  const runs = join(base, 'runs')
  const ids = (await readdir(runs).catch(() => [] as string[])).toSorted()
  const latest = name === 'latest' ? await latestOf(runs, ids) : undefined
  if (latest) return join(runs, latest)
  const matches = ids.includes(name) ? [name] : ids.filter(id => id.startsWith(name))
  if (matches.length === 1) return join(runs, matches[0] as string)
  if (matches.length > 1)
    throw new WhetstoneError('WHET_RUN_AMBIGUOUS', `${matches.length} runs in ${runs} begin with '${name}'`, {
      exitCode: exitCodes.usage,
      hint: matches.slice(-8).join('\n'),
    })
  const path = resolve(name)
  if (await readdir(join(path, 'evidence')).catch(() => undefined)) return path
  throw new WhetstoneError('WHET_RUN_NOT_FOUND', `no run '${name}' in ${runs} (${ids.length} runs there)`, {
    exitCode: exitCodes.usage,
    hint: 'whetstone history',
  })
}

/** The newest with a report; a run that is under way or was cut off has evidence at most, and counts only when there is no other. */
async function latestOf(runs: string, ids: readonly string[]): Promise<string | undefined> {
  const newestWith = async (holds: (folder: string) => Promise<boolean>) => {
    for (const id of ids.toReversed()) if (await holds(join(runs, id))) return id
    return undefined
  }
  const names = (folder: string) => readdir(folder).catch(() => [] as string[])
  return (
    (await newestWith(async folder => (await names(folder)).includes('run.json'))) ??
    (await newestWith(async folder => (await names(join(folder, 'evidence'))).length > 0))
  )
}

const readableSchemas = /@1$/

/** @throws WhetstoneError WHET_EVIDENCE_VERSION for evidence written by a newer version, WHET_EVIDENCE_BROKEN for unreadable files */
export async function readEvidence(path: string): Promise<Evidence> {
  const evidence: Record<string, unknown> = {}
  for (const kind of evidenceKinds) {
    const file = join(path, 'evidence', `${kind}.json`)
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) continue
    const value = parse(file, text) as { schema?: string }
    if (!readableSchemas.test(value.schema ?? '')) {
      throw new WhetstoneError(
        'WHET_EVIDENCE_VERSION',
        `${file} has schema '${value.schema}', which this version does not read`,
        {
          hint: 'Use the version of whetstone that made the run, or measure again.',
        },
      )
    }
    evidence[kind] = value
  }
  return evidence as Evidence
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new WhetstoneError('WHET_EVIDENCE_BROKEN', `${file} is not valid JSON`, {
      cause,
      hint: 'The run was cut short; measure again.',
    })
  }
}

export async function readReport(path: string): Promise<RunReport> {
  const file = join(path, 'run.json')
  const text = await readFile(file, 'utf8').catch(cause => {
    throw new WhetstoneError('WHET_RUN_NOT_FOUND', `${file} cannot be read`, { cause, hint: 'whetstone history' })
  })
  return parse(file, text) as RunReport
}

const indexLimit = 1_000

export async function readIndex(base: string): Promise<readonly IndexEntry[]> {
  const text = await readFile(join(base, 'index.json'), 'utf8').catch(() => '[]')
  try {
    return JSON.parse(text) as IndexEntry[]
  } catch {
    return [] // the index is a cache of the runs; a broken one must not stop the next run
  }
}

/** Runs that later ones may be held against: of whole windows, of a service that lived through them. */
export function comparable(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  return entries.filter(entry => !entry.interrupted && entry.verdict !== 'failed')
}

async function addToIndex(base: string, report: RunReport): Promise<void> {
  const entry: IndexEntry = {
    id: report.run.id,
    startedAt: report.run.startedAt,
    target: report.target.name,
    p50Ms: report.overall.p50Ms,
    p95Ms: report.overall.p95Ms,
    findings: report.findings.map(({ practice, fingerprint, severity }) => ({ practice, fingerprint, severity })),
    verdict: report.verdict,
    ...(report.run.interruptedAfterMs === undefined ? {} : { interrupted: true }),
    ...(report.run.git ? { git: report.run.git } : {}),
  }
  const entries = [...(await readIndex(base)).filter(other => other.id !== entry.id), entry].slice(-indexLimit)
  await writeAtomically(join(base, 'index.json'), `${JSON.stringify(entries, null, 1)}\n`)
}
