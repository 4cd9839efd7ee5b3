/** What may leave the machine: structure and numbers. Parameters, literals, concrete URLs, hosts, local paths and sentences stay. */
import { type Evidence, maskedDeep, type RunReport } from '@whetstone/model'
import { evidence as evidenceRule } from './evidence-rules.ts'
import { report as reportRule } from './report-rules.ts'
import { startRedaction } from './rules.ts'

export interface ExportedRun {
  readonly schema: 'whetstone/export@1'
  readonly report: RunReport
  readonly evidence: Evidence
}

/**
 * Pure. Only fields with a rule are there, and each only as far as its rule lets it be: names of tables, columns, routes,
 * functions and files are structure and stay.
 */
export function redactRun({
  report,
  evidence,
}: {
  readonly report: RunReport
  readonly evidence: Evidence
}): ExportedRun {
  // One for both, so that a finding of the report still points to the statement in the evidence.
  const redaction = startRedaction(evidence.source?.root)
  return maskedDeep({
    schema: 'whetstone/export@1' as const,
    report: reportRule(report, redaction) as RunReport,
    evidence: evidenceRule(evidence, redaction) as Evidence,
  })
}
