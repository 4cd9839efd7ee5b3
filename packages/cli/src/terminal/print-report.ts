/** A run as lines of at most 80 columns: routes, findings with place and gain, what was not looked at. */
import { placeText, type RankedFinding, type RunReport } from '@whetstone/model'
import { count, milliseconds, percent, quantity } from './quantity.ts'
import type { Terminal } from './terminal.ts'

const width = 80

export function printRoutes(report: RunReport, terminal: Terminal): void {
  terminal.out('')
  const shown = report.routes.slice(0, 8)
  const nameWidth = Math.min(36, Math.max(...shown.map(route => route.route.length), 10))
  for (const route of shown) {
    const cells = [
      clip(route.route, nameWidth).padEnd(nameWidth),
      `p50 ${route.requests > 0 ? milliseconds(route.p50Ms) : '-'}`.padStart(12),
      `p95 ${route.requests > 0 ? milliseconds(route.p95Ms) : '-'}`.padStart(12),
      `${percent(route.timeFraction)} of waiting`.padStart(15),
    ]
    terminal.out(`  ${cells.join(' ')}`.trimEnd())
  }
  if (report.routes.length > shown.length)
    terminal.out(`  ${terminal.colour.dim(`and ${report.routes.length - shown.length} more routes`)}`)
}

export function printFindings(report: RunReport, terminal: Terminal): void {
  terminal.out('')
  for (const finding of report.findings) printFinding(finding, report, terminal)
  if (report.findings.length === 0) terminal.out('  Nothing to fix in what could be seen.')
  const unseen = report.routes.filter(route => route.requests === 0).map(route => route.route)
  if (unseen.length > 0)
    terminal.out(
      `  ${terminal.colour.yellow(terminal.marks.warn)} not called in this time, so nothing is known of: ${unseen.slice(0, 5).join(', ')}${unseen.length > 5 ? ` and ${unseen.length - 5} more` : ''}; give a longer --duration or a higher --rate`,
    )
}

/** Where no line of the service is known, the tables tell one finding from the next. */
function tablesOf(finding: RankedFinding, report: RunReport): string | undefined {
  const statement = report.statements.find(one => one.id === finding.where.statementId)
  return statement?.shape?.tables.slice(0, 3).join(', ') || undefined
}

function printFinding(finding: RankedFinding, report: RunReport, terminal: Terminal): void {
  const { colour, marks } = terminal
  const mark = { high: colour.red(marks.bad), warn: colour.yellow(marks.warn), info: colour.dim(marks.dot) }[
    finding.severity
  ]
  const place =
    placeText(finding.where.site) ?? finding.where.resource ?? tablesOf(finding, report) ?? finding.where.route ?? ''
  terminal.out(`  ${mark} ${colour.bold(finding.title)}`)
  terminal.out(
    `      ${[place, finding.where.route && place !== finding.where.route ? finding.where.route : '', finding.confidence].filter(Boolean).join('   ')}`,
  )
  const facts = finding.facts.slice(0, 3).map(fact => `${fact.label} ${quantity(fact.quantity)}`)
  for (const line of wrap(facts.join(', '), width - 6)) terminal.out(`      ${colour.dim(line)}`)
  const expected = expectation(finding)
  terminal.out(`      fix: whetstone explain ${finding.practice}${expected ? `   ${expected}` : ''}`)
}

/** The prediction in one phrase, or nothing: no gain is promised without one. */
export function expectation(finding: RankedFinding): string {
  const predicted = finding.predicted
  if (predicted?.p95Ms && finding.gainFraction > 0.005) {
    const { beforeMs, low, high } = predicted.p95Ms
    return `expected p95 ${milliseconds(low)} to ${milliseconds(high)}, now ${milliseconds(beforeMs)}`
  }
  if (predicted?.capacityRatio !== undefined && predicted.capacityRatio > 1.01)
    return `expected ${predicted.capacityRatio.toFixed(1)} times the requests per second`
  if (predicted?.bytes)
    return `expected ${quantity({ value: predicted.bytes.after, unit: 'bytes' })}, now ${quantity({ value: predicted.bytes.before, unit: 'bytes' })}`
  return ''
}

export function printCoverage(report: RunReport, terminal: Terminal): void {
  const unknown = report.coverage.filter(row => row.state === 'unknown')
  const failed = report.coverage.filter(row => row.state === 'failed')
  if (unknown.length > 0) {
    const give = [...new Set(unknown.map(row => row.give).filter(Boolean))].slice(0, 3)
    terminal.out(
      `  ${terminal.colour.dim(`${terminal.marks.dot} ${count(unknown.length)} ${unknown.length === 1 ? 'check' : 'checks'} lacked evidence${give.length > 0 ? `: add ${give.join(', or ')}` : ''} (whetstone coverage)`)}`,
    )
  }
  for (const row of failed) terminal.out(`  ${terminal.marks.warn} ${row.practice}: ${row.note}`)
  printSkipped(report.skipped, terminal)
  for (const warning of report.warnings) terminal.out(`  ${terminal.colour.yellow(terminal.marks.warn)} ${warning}`)
}

/** Routes that change data are left out by design: one line says so. The others lack something the user can give. */
function printSkipped(skipped: RunReport['skipped'], terminal: Terminal): void {
  const writing = skipped.filter(route => route.why.includes('changes data'))
  const wanting = skipped.filter(route => !writing.includes(route))
  const line = (text: string) => terminal.out(`  ${terminal.colour.dim(text)}`)
  for (const route of wanting.slice(0, 5))
    line(`${terminal.marks.dot} skipped ${route.route}: ${route.why}; ${route.give}`)
  if (wanting.length > 5) line(`  and ${wanting.length - 5} more skipped routes`)
  const [first] = writing
  if (first)
    line(
      `${terminal.marks.dot} ${count(writing.length)} ${writing.length === 1 ? 'route that changes data was' : 'routes that change data were'} not called; ${first.give}`,
    )
}

export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`
}

export function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line && line.length + word.length + 1 > columns) {
      lines.push(line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  return line ? [...lines, line] : lines
}
