/** How deep a page may lie and how many rows it may hold: one set of figures for the practice that reports it and for those that leave it to that one. */
import type { PgEvidence, Statement } from '@whetstone/model'
import { type DeepOffset, deepOffset } from './offsets.ts'
import type { StatementTime } from './statement-time.ts'

export const deepPageThresholds = {
  offset: { value: 1_000, unit: 'rows', source: 'beyond it more rows are thrown away than any page holds' },
  ratio: { value: 3, unit: 'ratio', source: 'a deep page takes three times a shallow one' },
  deepMs: { value: 5, unit: 'ms', source: 'a deep page nobody can feel needs no new contract' },
  timeFraction: {
    value: 0.01,
    unit: 'fraction',
    source: 'below a hundredth of the database time depth costs nobody',
  },
} as const

export const resultSetThresholds = {
  rows: { value: 1_000, unit: 'rows', source: 'no page of a list is longer; the roadmap asks for a cap' },
} as const

export type DeepPageLimits = { readonly [K in keyof typeof deepPageThresholds]: number }

/** Undefined unless deep pages of the statement were captured and their depth costs what the limits call too much. */
export function costlyDepth(
  statement: Statement,
  time: StatementTime,
  limits: DeepPageLimits,
  pg: PgEvidence | undefined,
): DeepOffset | undefined {
  if (!statement.shape?.hasOffset || time.timeFraction < limits.timeFraction) return undefined
  const depth = deepOffset(statement, limits.offset, pg)
  if (!depth || depth.deepMs < limits.deepMs) return undefined
  return depth.shallowMs === undefined || depth.deepMs >= depth.shallowMs * limits.ratio ? depth : undefined
}
