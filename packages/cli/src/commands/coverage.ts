/** `whetstone coverage`: what was looked at in a run, what was not and why, chapter by chapter. */
import { findRun, readReport } from '@whetstone/loop'
import { chapters, type CoverageState } from '@whetstone/model'
import { baseFolder, type CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'
import { columns, wrap } from '../terminal/wrap.ts'

const noteColumn = 37
/** Of one note; a practice may have a finding for each of many routes. */
const MOST_LINES = 3

export async function coverageCommand(
  run: string | undefined,
  options: { readonly json?: boolean },
  context: CommandContext,
): Promise<void> {
  const report = await readReport(await findRun(baseFolder(context), run ?? 'latest'))
  if (options.json) return context.json(report.coverage)
  const { terminal } = context
  const mark: Record<CoverageState, string> = {
    finding: terminal.colour.red(terminal.marks.bad),
    pass: terminal.colour.green(terminal.marks.ok),
    'not-applicable': terminal.marks.dot,
    unknown: '?',
    ask: '?',
    failed: terminal.colour.yellow(terminal.marks.warn),
  }
  for (const chapter of chapters) {
    const rows = report.coverage.filter(row => row.chapter === chapter)
    if (rows.length === 0) continue
    terminal.out(terminal.colour.bold(chapter))
    for (const row of rows) {
      const [first = '', ...more] = wrap(row.note, columns - noteColumn)
      terminal.out(`  ${mark[row.state]} ${row.practice.padEnd(noteColumn - 5)} ${first}`.trimEnd())
      for (const line of more.slice(0, MOST_LINES - 1)) terminal.out(' '.repeat(noteColumn) + line)
      if (more.length >= MOST_LINES) terminal.out(`${' '.repeat(noteColumn)}...`)
      if (row.state === 'unknown' && row.give) terminal.out(terminal.colour.dim(`      ${row.give}`))
    }
  }
  const [worst] = report.findings
  printNext(worst ? `whetstone explain ${worst.practice}` : 'whetstone diagnose -- node server.js', terminal)
}
