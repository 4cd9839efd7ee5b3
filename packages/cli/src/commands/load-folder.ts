/** Load tests are kept beside the runs: `.whetstone/loads/<id>/` holds the report as JSON and as a page. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { renderLoadReport } from '@whetstone/dashboard'
import { writeAtomically } from '@whetstone/loop'
import { exitCodes, type LoadReport, maskedDeep, WhetstoneError } from '@whetstone/model'

/** Sorts by time as text, like the id of a run. */
export function loadId(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}-${randomUUID().slice(0, 4)}`
}

/** @param base the `.whetstone` folder */
export async function saveLoad(base: string, report: LoadReport): Promise<void> {
  const folder = join(base, 'loads', report.run.id)
  await mkdir(folder, { recursive: true })
  await writeFile(join(base, '.gitignore'), '*\n')
  await writeAtomically(join(folder, 'load.json'), `${JSON.stringify(maskedDeep(report))}\n`)
}

/** Of a load that was saved; returns where it is. */
export async function saveLoadPage(base: string, report: LoadReport): Promise<string> {
  const page = join(base, 'loads', report.run.id, 'report.html')
  await writeAtomically(page, renderLoadReport(maskedDeep(report)))
  return page
}

/** Folders of saved load tests, oldest first. */
export async function savedLoads(base: string): Promise<readonly string[]> {
  const folder = join(base, 'loads')
  return (await readdir(folder).catch(() => [] as string[])).toSorted().map(id => join(folder, id))
}

/** The only one whose id begins like this, or the newest for `latest`. @throws WhetstoneError WHET_RUN_AMBIGUOUS */
export async function findLoad(base: string, name: string): Promise<string | undefined> {
  const folders = await savedLoads(base)
  if (name === 'latest') return folders.at(-1)
  const matches = folders.filter(folder => basename(folder).startsWith(name))
  const exact = matches.find(folder => basename(folder) === name)
  if (exact !== undefined || matches.length <= 1) return exact ?? matches[0]
  throw new WhetstoneError('WHET_RUN_AMBIGUOUS', `${matches.length} load tests begin with '${name}'`, {
    exitCode: exitCodes.usage,
    hint: matches
      .slice(-8)
      .map(folder => basename(folder))
      .join('\n'),
  })
}

/** @throws WhetstoneError WHET_RUN_NOT_FOUND, WHET_EVIDENCE_BROKEN */
export async function readLoad(folder: string): Promise<LoadReport> {
  const file = join(folder, 'load.json')
  const text = await readFile(file, 'utf8').catch(cause => {
    throw new WhetstoneError('WHET_RUN_NOT_FOUND', `${file} cannot be read`, {
      cause,
      exitCode: exitCodes.usage,
      hint: 'whetstone history',
    })
  })
  try {
    return JSON.parse(text) as LoadReport
  } catch (cause) {
    throw new WhetstoneError('WHET_EVIDENCE_BROKEN', `${file} is not valid JSON`, {
      cause,
      hint: 'The run was cut short; measure again.',
    })
  }
}
