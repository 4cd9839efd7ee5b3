/** A run as lines of at most 80 columns: routes, findings with place and gain, what was not looked at. */
import {
  bytesText,
  countText,
  factText,
  msText,
  percentText,
  placeText,
  type RankedFinding,
  type RunReport,
} from '@whetstone/model'
import { msRange } from './quantity.ts'
import type { Terminal } from './terminal.ts'
import { columns, printParagraph } from './wrap.ts'

export function printRoutes(report: RunReport, terminal: Terminal): void {
  terminal.out('')
  const shown = report.routes.slice(0, 8)
  const nameWidth = Math.min(33, Math.max(...shown.map(route => route.route.length), 10))
  for (const route of shown) {
    const isAnswered = route.requests > route.errors
    const cells = [
      clip(route.route, nameWidth).padEnd(nameWidth),
      `p50 ${isAnswered ? msText(route.p50Ms) : '-'}`.padStart(12),
      `p95 ${isAnswered ? msText(route.p95Ms) : '-'}`.padStart(12),
      `${percentText(route.timeFraction)} of waiting`.padStart(15),
    ]
    terminal.out(`  ${cells.join('  ')}`.trimEnd())
  }
  if (report.routes.length > shown.length)
    terminal.out(`  ${terminal.colour.dim(`and ${report.routes.length - shown.length} more routes`)}`)
}

export function printFindings(report: RunReport, terminal: Terminal): void {
  terminal.out('')
  for (const finding of report.findings) printFinding(finding, report, terminal)
  const failures = report.events.filter(({ kind }) => kind === 'error')
  for (const { text } of failures) printFailure(text, terminal)
  if (report.findings.length === 0 && failures.length === 0) terminal.out('  Nothing to fix in what could be seen.')
  const unseen = report.routes.filter(route => route.requests === 0).map(route => route.route)
  if (unseen.length > 0)
    printWarning(
      `not called in this time, so nothing is known of: ${unseen.slice(0, 5).join(', ')}${unseen.length > 5 ? ` and ${unseen.length - 5} more` : ''}; give a longer --duration or a higher --rate`,
      terminal,
    )
}

/** A service that ended while it was measured: what it wrote last says why. */
function printFailure(text: string, terminal: Terminal): void {
  const { colour, marks } = terminal
  const [first = '', ...more] = text.split('\n')
  printParagraph(first, terminal, {
    indent: 2,
    mark: marks.bad,
    paintedMark: colour.red(marks.bad),
    paint: colour.bold,
  })
  for (const line of more.slice(-8)) printParagraph(line, terminal, { indent: 6, paint: colour.dim })
}

function printWarning(text: string, terminal: Terminal): void {
  const { colour, marks } = terminal
  printParagraph(text, terminal, { indent: 2, mark: marks.warn, paintedMark: colour.yellow(marks.warn) })
}

/** Where no line of the service is known, the tables tell one finding from the next. */
function tablesOf(finding: RankedFinding, report: RunReport): string | undefined {
  const statement = report.statements.find(one => one.id === finding.where.statementId)
  return statement?.shape?.tables.slice(0, 3).join(', ') || undefined
}

function printFinding(finding: RankedFinding, report: RunReport, terminal: Terminal): void {
  const { colour, marks } = terminal
  const [mark, paint] = {
    high: [marks.bad, colour.red] as const,
    warn: [marks.warn, colour.yellow] as const,
    info: [marks.dot, colour.dim] as const,
  }[finding.severity]
  const place =
    placeText(finding.where.site) ?? finding.where.resource ?? tablesOf(finding, report) ?? finding.where.route ?? ''
  const route = finding.where.route && place !== finding.where.route ? finding.where.route : ''
  printParagraph(finding.title, terminal, { indent: 2, mark, paintedMark: paint(mark), paint: colour.bold })
  printParagraph([place, route, finding.confidence].filter(Boolean).join('   '), terminal, { indent: 6 })
  const facts = finding.facts.slice(0, 3).map(factText)
  printParagraph(facts.join(', '), terminal, { indent: 6, paint: colour.dim })
  const fix = `fix: whetstone explain ${finding.practice}`
  const expected = expectation(finding)
  const line = expected ? `${fix}   ${expected}` : fix
  for (const part of line.length <= columns - 6 ? [line] : [fix, expected])
    printParagraph(part, terminal, { indent: 6 })
}

/** The prediction in one phrase, or nothing: no gain is promised without one. */
export function expectation(finding: RankedFinding): string {
  const predicted = finding.predicted
  if (predicted?.p95Ms && finding.gainFraction > 0.005) {
    const { beforeMs, low, high } = predicted.p95Ms
    // Work taken off the event loop helps those who waited for it, and they may be on another route.
    const isHere = predicted.route === undefined || predicted.route === finding.where.route
    const elsewhere = isHere ? '' : ` of ${predicted.route}`
    const range = high < beforeMs && msText(high) !== msText(beforeMs) ? msRange(low, high) : `${msText(low)} at best`
    return `expected p95${elsewhere} ${range}, now ${msText(beforeMs)}`
  }
  if (predicted?.capacityRatio !== undefined && predicted.capacityRatio > 1.01)
    return `expected ${countText(predicted.capacityRatio)} times the requests per second`
  if (predicted?.bytes?.after === 0) return 'expected nothing to do while a cache answers'
  if (predicted?.bytes) return `expected ${bytesText(predicted.bytes.after)}, now ${bytesText(predicted.bytes.before)}`
  return ''
}

export function printCoverage(report: RunReport, terminal: Terminal): void {
  const unknown = report.coverage.filter(row => row.state === 'unknown')
  const failed = report.coverage.filter(row => row.state === 'failed')
  if (unknown.length > 0) {
    // What was cut short lacks its end, not another flag.
    const wanted = report.run.interruptedAfterMs === undefined ? unknown.map(row => row.give) : ['a run to its end']
    const give = [...new Set(wanted.filter(Boolean))].slice(0, 3)
    printNote(
      `${countText(unknown.length)} ${unknown.length === 1 ? 'check' : 'checks'} lacked evidence${give.length > 0 ? `: add ${give.join(', or ')}` : ''} (whetstone coverage)`,
      terminal,
    )
  }
  for (const row of failed) printWarning(`${row.practice}: ${row.note}`, terminal)
  printSkipped(report.skipped, terminal)
  for (const warning of report.warnings) printWarning(warning, terminal)
}

function printNote(text: string, terminal: Terminal): void {
  const { colour, marks } = terminal
  printParagraph(text, terminal, { indent: 2, mark: marks.dot, paintedMark: colour.dim(marks.dot), paint: colour.dim })
}

/** Routes that change data are left out by design: one line says so. The others lack something the user can give. */
function printSkipped(skipped: RunReport['skipped'], terminal: Terminal): void {
  const writing = skipped.filter(route => route.why.includes('changes data'))
  const wanting = skipped.filter(route => !writing.includes(route))
  for (const route of wanting.slice(0, 5)) printNote(`skipped ${route.route}: ${route.why}; ${route.give}`, terminal)
  if (wanting.length > 5) printNote(`and ${wanting.length - 5} more skipped routes`, terminal)
  // The example to type should be a path as it is, where there is one.
  const [first] = writing.toSorted((a, b) => a.route.split(':').length - b.route.split(':').length)
  if (first)
    printNote(
      `${countText(writing.length)} ${writing.length === 1 ? 'route that changes data was' : 'routes that change data were'} not called; ${first.give}`,
      terminal,
    )
}

export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`
}
