/** Puts a run into the prebuilt page: the only place where text from traffic meets markup. */
import type { LadderReport, LoadReport, RunReport } from '@whetstone/model'
import { ladderVerdictOf } from './reading/ladder-verdict.ts'
import { loadVerdictOf } from './reading/load-verdict.ts'
import { verdictOf } from './reading/verdict.ts'
import { reportTemplate } from './template.ts'

/**
 * One self-contained HTML file: no network, a content security policy that allows only its own script and style.
 * Everything in `report` is shown as text, whatever it contains.
 */
export function renderReport(report: RunReport): string {
  return page(`${verdictOf(report).sentence} · ${report.target.name}`, report)
}

/** The same for a load test. */
export function renderLoadReport(report: LoadReport): string {
  return page(`${loadVerdictOf(report).sentence} · ${report.target.name}`, report)
}

/** The same for a ladder of changes. */
export function renderLadder(report: LadderReport): string {
  return page(`${ladderVerdictOf(report).sentence} · ${report.title}`, report)
}

function page(title: string, report: RunReport | LoadReport | LadderReport): string {
  return fill(reportTemplate(), { __REPORT_TITLE__: escapeText(title), __REPORT_JSON__: embeddedJson(report) })
}

/** `<` cannot open a tag or a comment inside the script element once it is written as an escape; JSON reads it back unchanged. */
export function embeddedJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}

export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** One pass over the template, so that a value which looks like a placeholder stays what it is. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/__REPORT_[A-Z]+__/g, placeholder => values[placeholder] ?? placeholder)
}
