/** `whetstone history`: the runs and load tests of this folder, oldest first. */
import { basename } from 'node:path'
import { readIndex } from '@whetstone/loop'
import { countText, type LoadReport, type LoadStep, msText, numberText } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { baseFolder, type CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'
import { duration } from '../terminal/quantity.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { readLoad, savedLoads } from './load-folder.ts'

const mostShown = 30

export async function historyCommand(options: { readonly json?: boolean }, context: CommandContext): Promise<void> {
  const base = baseFolder(context)
  const entries = [...(await readIndex(base)), ...(await loadEntries(base))].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  if (options.json) return context.json(entries)
  const { terminal } = context
  if (entries.length === 0) {
    terminal.out('  No runs here yet.')
    return printNext('whetstone diagnose -- node server.js', terminal)
  }
  for (const entry of entries.slice(-mostShown)) printEntry(entry, terminal)
  printNext(`whetstone report ${entries.at(-1)?.id}`, terminal)
}

type RunEntry = Awaited<ReturnType<typeof readIndex>>[number]

interface LoadEntry extends Pick<RunEntry, 'id' | 'startedAt' | 'target' | 'verdict'> {
  readonly load: LoadReport['kind']
  /** What was sent, how much of it and for how long: loads of one service differ in nothing else. */
  readonly sent: string
  /** Absent where nothing was answered. */
  readonly p50Ms?: number
  readonly p95Ms?: number
}

/** Of the newest; each is a file of its own, and one that cannot be read must not hide the others. */
async function loadEntries(base: string): Promise<readonly LoadEntry[]> {
  const folders = (await savedLoads(base)).slice(-mostShown)
  const reports = await Promise.all(folders.map(folder => readLoad(folder).catch(() => undefined)))
  return reports.flatMap((report, at) => (report ? [entryOf(basename(folders[at] as string), report)] : []))
}

function entryOf(id: string, report: LoadReport): LoadEntry {
  const { run, kind, target, verdict, steps } = report
  const response = (steps.find(({ purpose }) => purpose === 'measure') ?? steps.at(-1))?.overall.response
  const histogram = response && response.count > 0 ? Histogram.fromJSON(response) : undefined
  return {
    id,
    startedAt: run.startedAt,
    load: kind,
    sent: sentText(report),
    target: target.name,
    verdict,
    ...(histogram ? { p50Ms: histogram.quantile(0.5) / 1_000, p95Ms: histogram.quantile(0.95) / 1_000 } : {}),
  }
}

function sentText({ kind, scenario, steps, run }: LoadReport): string {
  const judged = steps.filter(({ purpose }) => purpose !== 'warm-up')
  const [first] = judged
  const what = scenario.source === 'requests' ? routesText(first) : scenario.name
  if (first === undefined) return what
  if (kind === 'load' || kind === 'soak' || kind === 'spike')
    return `${what} ${amountText(first)} ${duration(first.durationMs)}`
  const most = Math.max(...judged.map(({ offeredRatePerSecond }) => offeredRatePerSecond))
  return `${what} up to ${numberText(most)} /s ${duration(run.durationMs)}`
}

function routesText(step: LoadStep | undefined): string {
  const [first, ...others] = step?.routes ?? []
  if (first === undefined) return 'no requests'
  return others.length === 0 ? first.route : `${first.route} and ${others.length} more`
}

function amountText({ arrivals, users, shape, offeredRatePerSecond }: LoadStep): string {
  if (arrivals === 'closed') return `${users ?? 0} users`
  return shape ?? `${numberText(offeredRatePerSecond)} /s`
}

function printEntry(entry: RunEntry | LoadEntry, terminal: Terminal): void {
  const quantile = (ms: number | undefined) => (ms === undefined ? '-' : msText(ms)).padStart(7)
  const note = 'interrupted' in entry && entry.interrupted ? '  (interrupted)' : ''
  terminal.out(
    `  ${entry.id}  p50 ${quantile(entry.p50Ms)}  p95 ${quantile(entry.p95Ms)}  ${outcomeOf(entry).padStart(11)}  ${'load' in entry ? `${entry.sent}  ` : ''}${entry.target}${note}`,
  )
}

function outcomeOf(entry: RunEntry | LoadEntry): string {
  if ('load' in entry) return `${entry.load} ${entry.verdict}`
  // As many as the run itself said, notes included.
  return `${countText(entry.findings.length)} ${entry.findings.length === 1 ? 'finding' : 'findings'}`
}
