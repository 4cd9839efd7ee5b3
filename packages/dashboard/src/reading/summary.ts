/** The report in a few lines of Markdown, to paste into a pull request. */
import type { RunReport } from '@whetstone/model'
import { placeOf } from './place.ts'
import { gainOf } from './gain.ts'
import { verdictOf } from './verdict.ts'

const MOST_FINDINGS = 10

export function summaryOf(report: RunReport): string {
  const { sentence, detail } = verdictOf(report)
  const rows = report.findings.slice(0, MOST_FINDINGS).map(finding => {
    const gain = gainOf(finding)
    const parts = [finding.title, placeOf(finding.where), gain.text && `${gain.text} ${gain.kind}`]
    return `- ${parts.filter(Boolean).join(' · ')}`
  })
  const more = report.findings.length - MOST_FINDINGS
  return [`**${sentence}**`, '', detail, '', ...rows, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n').trimEnd()
}
