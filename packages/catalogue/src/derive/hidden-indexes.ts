/** Indexes that are there and cannot be used, because the statement compares their column as another type: by what it wrote, or by what it is joined to. */
import type { PgEvidence, PgIndex, PgTable, PlanNode } from '@whetstone/model'
import { type CastColumn, castColumnOf, castColumns, isCoarser, isConverted } from './cast-columns.ts'
import { columnOf, distinctValues, indexesOf, tableOf } from './columns.ts'
import { indexThresholds } from './index-thresholds.ts'
import { nodesOf, plansByStatement } from './plans.ts'

export interface HiddenIndex {
  readonly table: PgTable
  readonly cast: CastColumn
  readonly index: PgIndex
  /** As the plan writes it. */
  readonly condition: string
  readonly isJoin: boolean
  /** The column's values are many to one of the other type. */
  readonly isCoarser: boolean
  readonly costBefore: number
  readonly costAfter: number
}

export interface HiddenIndexLimits {
  /** Smaller tables are read in full anyway. */
  readonly rows: number
}

/** `random_page_cost`: for each row fetched and for two levels of the tree. */
const PAGE_COST = 4
const TREE_LEVELS = 2

/** The one that returns most; undefined where the table would be read in full all the same. */
export function hiddenIndex(pg: PgEvidence, statementId: string, limits: HiddenIndexLimits): HiddenIndex | undefined {
  const plans = plansByStatement(pg).get(statementId) ?? []
  const found = plans.flatMap(({ root }) =>
    nodesOf(root).flatMap(node => [...inFilter(pg, root, node), ...inJoin(pg, root, node)]),
  )
  const [best] = found
    .filter(({ table, costBefore, costAfter }) => {
      const isCostly = costBefore >= indexThresholds.cost.value
      return table.rows >= limits.rows && isCostly && costAfter <= costBefore * (1 - indexThresholds.fall.value)
    })
    .toSorted((a, b) => a.costAfter / a.costBefore - b.costAfter / b.costBefore)
  return best
}

/** An index on the bare column is there: the comparison is what must change, and an index of the cast would be a second one. */
export function isCastOfIndexed(pg: PgEvidence, table: PgTable, expression: string | undefined): boolean {
  const cast = expression === undefined ? undefined : castColumnOf(expression)
  return cast !== undefined && isConverted(table, cast) && indexLedBy(pg, table, cast.column) !== undefined
}

function inFilter(pg: PgEvidence, root: PlanNode, node: PlanNode): readonly HiddenIndex[] {
  const { nodeType, relation, filter } = node
  const table = relation === undefined ? undefined : tableOf(pg, relation)
  if (!table || filter === undefined || !/seq scan/i.test(nodeType) || / OR /.test(filter)) return []
  return castColumns(filter).flatMap(cast =>
    hidden(pg, table, cast, { root, condition: filter, isJoin: false }, rows => ({
      saved: node.totalCost,
      instead: lookups(
        1,
        isCoarser(table, cast) ? pagesOf(table, cast.column, node.actualRows ?? node.planRows) : rows,
      ),
    })),
  )
}

function inJoin(pg: PgEvidence, root: PlanNode, node: PlanNode): readonly HiddenIndex[] {
  const [one, other] = node.children
  const condition = [node.joinCondition, node.joinFilter].filter(text => text !== undefined).join(' AND ')
  if (!one || !other || condition === '' || / OR /.test(condition)) return []
  return castColumns(condition).flatMap(cast => {
    const own = [one, other].flatMap(side => nodesOf(side).filter(scan => isScanOf(scan, cast)))
    const [scan] = own
    const table = scan?.relation === undefined ? undefined : tableOf(pg, scan.relation)
    if (!scan || own.length > 1 || !table) return []
    const driving = nodesOf(one).includes(scan) ? other : one
    return hidden(pg, table, cast, { root, condition, isJoin: true }, rows => ({
      saved: Math.max(0, node.totalCost - driving.totalCost),
      instead: lookups(driving.planRows, rows),
    }))
  })
}

function isScanOf({ nodeType, relation, alias, indexCondition }: PlanNode, cast: CastColumn): boolean {
  const isWhole = /seq scan|index(?: only)? scan/i.test(nodeType) && indexCondition === undefined
  return isWhole && cast.alias !== undefined && (alias ?? relation) === cast.alias
}

/** Rows of one span of the index: they share pages as far as the table lies in the order of the column, squared as the planner does. */
function pagesOf(table: PgTable, name: string, rows: number): number {
  const pages = table.tableBytes / PAGE_BYTES
  const inOrder = (columnOf(table, name)?.correlation ?? 0) ** 2
  return inOrder * (rows / Math.max(1, table.rows)) * pages + (1 - inOrder) * Math.min(rows, pages)
}
const PAGE_BYTES = 8_192

const lookups = (times: number, rowsEach: number): number => times * PAGE_COST * (rowsEach + TREE_LEVELS)

function hidden(
  pg: PgEvidence,
  table: PgTable,
  cast: CastColumn,
  { root, ...place }: { readonly root: PlanNode; readonly condition: string; readonly isJoin: boolean },
  price: (rowsEach: number) => { readonly saved: number; readonly instead: number },
): readonly HiddenIndex[] {
  const index = indexLedBy(pg, table, cast.column)
  const values = distinctValues(table, cast.column)
  if (!index || !isConverted(table, cast)) return []
  const isOne = index.unique && index.columns.length === 1
  if (!isOne && (values === undefined || values === 0)) return []
  const { saved, instead } = price(isOne ? 1 : Math.max(1, table.rows / values!))
  // A LIMIT makes the whole look cheaper than its part; the part is then all there is to say.
  const costBefore = Math.max(root.totalCost, saved)
  const costAfter = costBefore - saved + instead
  return [{ table, cast, index, ...place, isCoarser: isCoarser(table, cast), costBefore, costAfter }]
}

function indexLedBy(pg: PgEvidence, table: PgTable, column: string): PgIndex | undefined {
  return indexesOf(pg, table).find(
    ({ valid, partial, method, columns }) => valid && !partial && method === 'btree' && columns[0] === column,
  )
}
