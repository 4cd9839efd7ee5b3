/** `whetstone explain <practice>`: the mechanism, when not to do it, and the remedy; for a finding of the last run, its own code. */
import { practiceById, practices } from '@whetstone/catalogue'
import { findRun, readReport } from '@whetstone/loop'
import { type RankedFinding, WhetstoneError } from '@whetstone/model'
import { baseFolder, type CommandContext } from '../context.ts'
import { closestTo } from '../terminal/closest.ts'
import { printNext } from '../terminal/print-next.ts'
import { indent } from '../terminal/progress.ts'
import { printParagraph } from '../terminal/wrap.ts'

export interface ExplainOptions {
  readonly json?: boolean
  readonly run?: string
}

export async function explainCommand(id: string, options: ExplainOptions, context: CommandContext): Promise<void> {
  const practice = practiceById(id)
  if (!practice) {
    const near = closestTo(
      id,
      practices.map(known => known.id),
    )
    throw new WhetstoneError('WHET_UNKNOWN_PRACTICE', `there is no practice '${id}'`, {
      hint: near ? `Did you mean: whetstone explain ${near}` : 'whetstone catalogue',
    })
  }
  const found = await findingsOf(id, options, context)
  if (options.json) return context.json({ ...practice, findings: found })
  const { terminal } = context
  terminal.out(terminal.colour.bold(practice.title))
  terminal.out(`  ${practice.chapter}/${practice.id}`)
  terminal.out()
  printParagraph(practice.why, terminal, { indent: 2 })
  for (const exception of practice.unless) printParagraph(`Not when: ${exception}`, terminal, { indent: 2 })
  terminal.out()
  terminal.out(`  ${practice.remedy.summary}`)
  if (practice.remedy.library) terminal.out(`  With: ${practice.remedy.library}`)
  terminal.out()
  if (found.length > 0) for (const finding of found) printRemedy(finding, context)
  else {
    terminal.out('  before')
    terminal.out(indent(practice.remedy.example.before, 4))
    terminal.out('  after')
    terminal.out(indent(practice.remedy.example.after, 4))
  }
  terminal.out()
  terminal.out('  Thresholds (whetstone.config.ts, practices)')
  for (const [name, { value, unit, source }] of Object.entries(practice.thresholds))
    terminal.out(`    ${name} = ${value} (${unit}; ${source})`)
  for (const source of practice.sources) terminal.out(`  Source: ${source}`)
  terminal.out()
  printNext("whetstone trial --a 'node old.js' --b 'node new.js'", terminal)
}

async function findingsOf(
  id: string,
  options: ExplainOptions,
  context: CommandContext,
): Promise<readonly RankedFinding[]> {
  try {
    const report = await readReport(await findRun(baseFolder(context), options.run ?? 'latest'))
    return report.findings.filter(finding => finding.practice === id)
  } catch (error) {
    if (options.run !== undefined) throw error
    return [] // nothing was measured here yet: the general explanation is still worth having
  }
}

function printRemedy(finding: RankedFinding, { terminal }: CommandContext): void {
  const frame = finding.where.site?.[0]
  terminal.out(`  ${terminal.colour.bold(finding.title)}${frame ? `  ${frame.file}:${frame.line}` : ''}`)
  for (const step of finding.remedy.steps) terminal.out(`    ${step}`)
  const code = finding.remedy.code
  if (!code) return
  if (code.before) terminal.out(indent(code.before, 4))
  if (code.before) terminal.out('    becomes')
  terminal.out(indent(code.after, 4))
}
