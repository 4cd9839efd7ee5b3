/** `npm run -s experiment -- <chapter>/<id> [--json] [--quick]`, or `--all`: proves practices one at a time and keeps the results; `--predict` scores the predictions of stored results anew, without a trial; `--record <run folder> <words> <chapter>/<id> …` keeps what practices say of a saved run. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { practiceById } from '@whetstone/catalogue'
import { readEvidence } from '@whetstone/loop'
import { type Drill, type Experiment, isDrill } from './define.ts'
import { type DrillResult, runDrill, undone } from './drill.ts'
import { unproved } from './judge.ts'
import { experimentIds } from './list.ts'
import { measureExperiment, predictExperiment, type ExperimentResult, type MeasureOptions } from './measure.ts'
import { keptOf, recordingText, type Recording } from './record.ts'
import type { StandOptions } from './stand.ts'

const words = process.argv.slice(2)
const flag = (name: string) => words.includes(name)
const folder = fileURLToPath(new URL('.', import.meta.url))
const chapterFilter = words[words.indexOf('--chapter') + 1]
if (flag('--record')) {
  await recordRows(words.slice(words.indexOf('--record') + 1))
  process.exit(0)
}
const known = await experimentIds(folder)
const chosen = flag('--all')
  ? known
  : flag('--chapter')
    ? known.filter(id => id.startsWith(`${chapterFilter}/`))
    : known.filter(id => words.includes(id))
if (chosen.length === 0) {
  process.stderr.write(
    `usage: npm run -s experiment -- <chapter>/<id> [--json] [--quick | --predict]\nexperiments: ${known.join(', ')}\n`,
  )
  process.exit(2)
}
const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort(new Error('interrupted')))
let failed = false
for (const id of chosen) {
  const [chapter = ''] = id.split('/')
  const file = `${folder}${id}.ts`
  const { experiment } = (await import(file)) as { experiment: Experiment | Drill }
  process.stderr.write(`${id}\n`)
  try {
    const shared: Omit<StandOptions, 'experiment'> = {
      file,
      chapter,
      quick: flag('--quick'),
      signal: interrupt.signal,
      onProgress: progress => {
        if (progress.kind === 'stage') process.stderr.write(`  ${progress.stage} ${progress.detail}\n`)
        if (progress.kind === 'note') process.stderr.write(`  ${progress.label}: ${progress.detail}\n`)
        if (progress.kind === 'warning') process.stderr.write(`  ! ${progress.text}\n`)
      },
    }
    if (isDrill(experiment)) {
      if (flag('--predict')) continue
      const { result, recording } = await runDrill({ ...shared, experiment })
      printDrill(result)
      await settle(id, undone(result, experiment), result, recording)
      continue
    }
    const options: MeasureOptions = { ...shared, experiment }
    if (flag('--predict')) {
      const file = `${folder}results/${id}.json`
      const stored = JSON.parse(await readFile(file, 'utf8')) as ExperimentResult
      const { scored, recording } = await predictExperiment(options)
      await keep(id, { ...stored, ...scored })
      if (recording) await keepRecording(id, recording)
      continue
    }
    const { result, recording } = await measureExperiment(options)
    print(result)
    await settle(id, unproved(result, experiment), result, recording)
  } catch (error) {
    failed = true
    process.stderr.write(`  failed: ${error instanceof Error ? error.stack : String(error)}\n`)
  }
}
process.exit(failed ? 1 : 0)

function print(result: ExperimentResult): void {
  const { practice, reportedOnBefore, silentOnAfter, answer, metric, ratio, verdict, predicted } = result
  if (flag('--json'))
    process.stdout.write(
      `${JSON.stringify({ practice, reportedOnBefore, silentOnAfter, answer, metric, ratio, verdict, predicted })}\n`,
    )
  else
    process.stdout.write(
      `${practice}: ${metric} ${ratio.estimate.toFixed(1)}x (${ratio.low.toFixed(1)} to ${ratio.high.toFixed(1)}) ${verdict}; reported ${reportedOnBefore}, silent ${silentOnAfter}; ${answer}\n`,
    )
  if (!flag('--json') || !reportedOnBefore || !silentOnAfter) {
    for (const line of result.findingsBefore) process.stderr.write(`  before: ${line}\n`)
    for (const line of result.findingsAfter) process.stderr.write(`  after:  ${line}\n`)
  }
}

function printDrill(result: DrillResult): void {
  const { practice, reportedOnBefore, silentOnAfter, counts, before, after, ratio, pValue, verdict } = result
  if (flag('--json'))
    process.stdout.write(
      `${JSON.stringify({ practice, reportedOnBefore, silentOnAfter, counts, before, after, ratio, pValue, verdict })}\n`,
    )
  else
    process.stdout.write(
      `${practice}: ${counts} ${before.join(' ')} → ${after.join(' ')}, ${ratio.toPrecision(3)}x, p ${pValue.toPrecision(2)}, ${verdict}; reported ${reportedOnBefore}, silent ${silentOnAfter}\n`,
    )
  for (const line of result.findingsBefore) process.stderr.write(`  before: ${line}\n`)
  for (const line of result.findingsAfter) process.stderr.write(`  after:  ${line}\n`)
}

/** Kept only when everything is shown; the short form shows that it works and keeps nothing. */
async function settle(
  id: string,
  reasons: readonly string[],
  result: ExperimentResult | DrillResult,
  recording: Recording | undefined,
): Promise<void> {
  if (reasons.length > 0) {
    failed = true
    process.stderr.write(`  not proved: ${reasons.join('; ')}\n`)
  } else if (!flag('--quick')) {
    await keep(id, result)
    if (recording) await keepRecording(id, recording)
  }
}

async function keep(id: string, result: ExperimentResult | DrillResult): Promise<void> {
  const [chapter = ''] = id.split('/')
  await mkdir(`${folder}results/${chapter}`, { recursive: true })
  await writeFile(`${folder}results/${id}.json`, `${JSON.stringify(result, null, 1)}\n`)
}

/** `recordedFrom` says in words what ran. */
async function recordRows([run = '', recordedFrom = '', ...ids]: readonly string[]): Promise<void> {
  const evidence = await readEvidence(run)
  for (const id of ids) {
    const practice = practiceById(id.split('/')[1] ?? '')
    const recording = practice && keptOf(evidence, practice, recordedFrom)
    if (recording) await keepRecording(id, recording)
    process.stderr.write(
      `${id}: ${recording?.findings[0] ?? recording?.row?.text ?? 'says nothing that could be kept'}\n`,
    )
  }
}

/** Beside the practice's other tests: what a real run showed when it reported. A second experiment of a practice adds none. */
async function keepRecording(id: string, recording: Recording): Promise<void> {
  if (!id.endsWith(`/${recording.practice}`)) return
  const file = `${folder}../packages/catalogue/test/recorded/${id}.json`
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, recordingText(recording))
}
