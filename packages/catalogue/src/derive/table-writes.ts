/** How many rows were written, within the window, to the tables a statement reads. */
import type { PgEvidence, Statement, StatementsEvidence } from '@whetstone/model'
import { tableOf } from './columns.ts'
import { statementsById, workOf } from './statements.ts'

/** By whoever wrote, where the server counted; and at least as many as the service's own writes. */
export function writesOf(statement: Statement, pg: PgEvidence | undefined, statements: StatementsEvidence): number {
  const tables = statement.shape?.tables ?? []
  const counted = tables.reduce((sum, name) => {
    const writes = pg && tableOf(pg, name)?.writes
    return sum + (writes ? writes.inserts + writes.updates + writes.deletes : 0)
  }, 0)
  const byId = statementsById(statements)
  const own = statements.uses.reduce((sum, { statementId, calls }) => {
    const other = byId.get(statementId)
    const touches = other?.shape?.tables.some(table => tables.includes(table)) ?? false
    return sum + (touches && workOf(other) === 'write' ? calls : 0)
  }, 0)
  return Math.max(counted, own)
}
