/** `whetstone explain <practice>`: the mechanism, when not to do it, and the remedy; for a finding of the last run, its own code. */
import { practiceById, practices } from '@whetstone/catalogue'
import { findRun, readReport } from '@whetstone/loop'
import { placeText, type RankedFinding, type RunReport, WhetstoneError } from '@whetstone/model'
import { baseFolder, type CommandContext } from '../context.ts'
import { closestTo } from '@whetstone/model'
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
  const report = await reportOf(options, context)
  const found = report?.findings.filter(finding => finding.practice === id) ?? []
  if (options.json) return context.json({ ...practice, findings: found })
  const { terminal } = context
  terminal.out(terminal.colour.bold(practice.title))
  terminal.out(`  ${practice.chapter}/${practice.id}`)
  terminal.out()
  printParagraph(practice.why, terminal, { indent: 2 })
  for (const exception of practice.unless) printParagraph(`Not when: ${exception}`, terminal, { indent: 2 })
  terminal.out()
  printParagraph(practice.remedy.summary, terminal, { indent: 2 })
  if (practice.remedy.library) printParagraph(`With: ${practice.remedy.library}`, terminal, { indent: 2 })
  terminal.out()
  printMerged(id, report, context)
  if (found.length > 0) printRemedies(found, context)
  else {
    terminal.out('  before')
    terminal.out(indent(practice.remedy.example.before, 4))
    terminal.out('  after')
    terminal.out(indent(practice.remedy.example.after, 4))
    if (practice.remedy.withRuntime) {
      terminal.out('  with @whetstone/runtime')
      terminal.out(indent(practice.remedy.withRuntime, 4))
    }
  }
  terminal.out()
  terminal.out('  Thresholds (whetstone.config.ts, practices)')
  for (const [name, { value, unit, source }] of Object.entries(practice.thresholds))
    printParagraph(`${name} = ${value} (${unit}; ${source})`, terminal, { indent: 4 })
  for (const source of practice.sources) terminal.out(`  Source: ${source}`)
  terminal.out()
  printNext("whetstone trial --a 'node old.js' --b 'node new.js'", terminal)
}

async function reportOf(options: ExplainOptions, context: CommandContext): Promise<RunReport | undefined> {
  try {
    return await readReport(await findRun(baseFolder(context), options.run ?? 'latest'))
  } catch (error) {
    if (options.run !== undefined) throw error
    return undefined // nothing was measured here yet: the general explanation is still worth having
  }
}

/** Findings with one and the same remedy share its text: three lists without pages are one thing to learn. */
function printRemedies(found: readonly RankedFinding[], context: CommandContext): void {
  const remedies = new Map<string, RankedFinding[]>()
  for (const finding of found) {
    const { steps, code } = finding.remedy
    const key = JSON.stringify([steps, code])
    remedies.set(key, [...(remedies.get(key) ?? []), finding])
  }
  for (const findings of remedies.values()) printRemedy(findings, context)
}

function printRemedy(findings: readonly RankedFinding[], { terminal }: CommandContext): void {
  for (const { title, where } of findings) {
    printParagraph(title, terminal, { indent: 2, paint: terminal.colour.bold })
    const place = [placeText(where.site), where.route].filter(Boolean).join('   ')
    if (place) printParagraph(place, terminal, { indent: 4 })
  }
  const { steps, code } = findings[0]!.remedy
  for (const step of steps) printParagraph(step, terminal, { indent: 4, mark: terminal.marks.dot })
  if (!code) return
  if (code.before) terminal.out(indent(code.before, 4))
  if (code.before) terminal.out('    becomes')
  terminal.out(indent(code.after, 4))
}

/** A finding that was merged into another still deserves an answer under its own name. */
function printMerged(id: string, report: RunReport | undefined, { terminal }: CommandContext): void {
  for (const { title, practice, also } of report?.findings ?? [])
    for (const other of also.filter(one => one.practice === id))
      printParagraph(`${other.title}: part of "${title}"; first: whetstone explain ${practice}`, terminal, {
        indent: 2,
      })
}
