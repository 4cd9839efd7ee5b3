/** A load test in a few lines of Markdown, to paste into a pull request. */
import type { LoadReport } from '@whetstone/model'
import { loadVerdictOf } from './load-verdict.ts'
import { thresholdFigure } from './load-words.ts'

const marks = { kept: '✓', broken: '✗', unknown: '?' } as const

export function loadSummaryOf(report: LoadReport): string {
  const { sentence, detail } = loadVerdictOf(report)
  const limits = report.thresholds.map(
    result => `- ${marks[result.state]} \`${result.threshold.text}\`: ${thresholdFigure(result)}`,
  )
  return [`**${sentence}**`, '', detail, '', ...limits, '', `\`${report.run.command}\``].join('\n')
}
