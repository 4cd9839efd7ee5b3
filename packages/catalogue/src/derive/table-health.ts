/** How tables are looked after: dead rows nobody removes, and statistics of a table that has changed since. */
import type { PgEvidence, PgTable } from '@whetstone/model'

export interface BloatLimits {
  readonly deadFraction: number
  readonly deadRows: number
}

export type Neglect = 'off for the server' | 'off for the table' | 'does not keep up'

/** Why dead rows stay; undefined where there are few, or where autovacuum is simply not due yet. */
export function neglectOf(pg: PgEvidence, table: PgTable, limits: BloatLimits): Neglect | undefined {
  const { autovacuum, deadRows, deadRowsBefore = 0, rows } = table
  if (!autovacuum || deadRows < limits.deadRows || deadRows < rows * limits.deadFraction) return undefined
  if (!autovacuum.enabled) return pg.settings['autovacuum'] === 'off' ? 'off for the server' : 'off for the table'
  // Autovacuum looks at a table once in `autovacuum_naptime`: dead rows younger than that are nobody's fault.
  const due = autovacuum.vacuumThreshold + autovacuum.vacuumScaleFactor * rows
  const hadItsTurn = pg.activity.windowMs >= 2 * naptimeMs(pg)
  return hadItsTurn && Math.min(deadRows, deadRowsBefore) >= 2 * due ? 'does not keep up' : undefined
}

/** Share of the table's rows, 0 to 1. */
export function deadFractionOf({ deadRows, rows }: PgTable): number {
  return deadRows / Math.max(1, deadRows + rows)
}

function naptimeMs({ settings }: PgEvidence): number {
  const [, figure, unit] = /^(\d+)(ms|s|min|h|d)?$/.exec(settings['autovacuum_naptime'] ?? '') ?? []
  const unitMs = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }[unit ?? 's'] ?? 1_000
  return figure === undefined ? 60_000 : Number(figure) * unitMs
}

/** The planner never saw the table, or more than `changedFraction` of it changed since it did. */
export function isStale(table: PgTable, changedFraction: number): boolean {
  if (isNeverAnalysed(table)) return true
  // Counted since the last ANALYZE, at times with rows that were there already: the estimate has to be wrong as well.
  return (table.modifiedSinceAnalyze ?? 0) > Math.max(1_000, table.rows * changedFraction)
}

export function isNeverAnalysed({ columns, lastAnalyze }: PgTable): boolean {
  return lastAnalyze === undefined && columns.length > 0 && columns.every(column => column.distinct === undefined)
}
