/** How far back reads go that ask for a range of time: the planner says which part of the table such a range holds. */
import type { Client } from 'pg'
import type { PgPlan, PgRangeRead, PgTable, PlanNode } from '@whetstone/model'
import { isSingleStatement } from '../statement/parse.ts'
import { planOf } from './plan.ts'
import { qualified } from './scratch-copy.ts'

/** Each costs two plans. */
const mostRanges = 40

interface RangeCondition {
  readonly relation: string
  readonly column: string
  /** As PostgreSQL wrote it into the plan. */
  readonly text: string
}

/** One for each statement, table and column: the widest of the ranges its captured parameters asked for. */
export async function readRangeReads(
  client: Client,
  tables: readonly PgTable[],
  plans: readonly PgPlan[],
): Promise<readonly PgRangeRead[]> {
  const widest = new Map<string, PgRangeRead>()
  const asked = new Set<string>()
  for (const { statementId, kind, root } of plans) {
    if (kind === 'analyze') continue
    for (const condition of lowerBounds(root)) {
      const table = tables.find(({ name }) => name === condition.relation)
      const type = table?.columns.find(({ name }) => name === condition.column)?.type ?? ''
      const question = `${statementId} ${condition.relation} ${condition.text}`
      if (!table || !/^(?:date|timestamp)/.test(type) || asked.has(question)) continue
      if (asked.size >= mostRanges) return [...widest.values()]
      asked.add(question)
      const newerFraction = await fractionOf(client, table, condition.text)
      const key = `${statementId} ${table.schema}.${table.name}.${condition.column}`
      if (newerFraction === undefined || (widest.get(key)?.newerFraction ?? -1) >= newerFraction) continue
      const { schema, name } = table
      widest.set(key, { statementId, schema, table: name, column: condition.column, newerFraction })
    }
  }
  return [...widest.values()]
}

/** Pure. Conditions of a plan that ask for everything from some instant on; those with `$n` say nothing of how far back. */
export function lowerBounds(node: PlanNode, scanned?: string): readonly RangeCondition[] {
  // What looks into an index for a bitmap names no table; the scan above it does. Of an OR each branch is too narrow.
  const isBitmap = /^Bitmap(?: Index Scan|And)$/.test(node.nodeType)
  const relation = node.relation ?? (isBitmap ? scanned : undefined)
  const own = relation === undefined ? [] : [node.filter, node.indexCondition].flatMap(text => conjuncts(text ?? ''))
  return [
    ...own.flatMap(text => {
      const [, quotedName, plainName] = /^(?:"([^"]+)"|([a-z_][\w$]*)) >=? /.exec(text) ?? []
      const column = quotedName ?? plainName
      const isBound = column !== undefined && !/\$\d/.test(text) && isSingleStatement(`SELECT ${text}`)
      return isBound ? [{ relation: relation!, column, text }] : []
    }),
    ...node.children.flatMap(child => lowerBounds(child, relation)),
  ]
}

/** `((a = 1) AND (b > 2))` is two, `(b > 2)` is one. Anything else, an OR among them, stays whole. */
function conjuncts(text: string): readonly string[] {
  const inner = insideOf(text)
  if (inner === undefined) return []
  const parts: string[] = []
  let depth = 0
  let isText = false
  let from = 0
  for (let at = 0; at < inner.length; at++) {
    if (inner[at] === "'") isText = !isText
    if (isText) continue
    if (inner[at] === '(') depth++
    if (inner[at] === ')') depth--
    if (depth === 0 && inner.startsWith(' AND ', at)) {
      parts.push(inner.slice(from, at))
      from = at + ' AND '.length
    }
  }
  return parts.length === 0 ? [inner] : [...parts, inner.slice(from)].map(part => insideOf(part) ?? part)
}

function insideOf(text: string): string | undefined {
  return text.startsWith('(') && text.endsWith(')') ? text.slice(1, -1) : undefined
}

async function fractionOf(client: Client, table: PgTable, condition: string): Promise<number | undefined> {
  const all = await plannedRows(client, `SELECT FROM ${qualified(table)}`)
  const newer = await plannedRows(client, `SELECT FROM ${qualified(table)} WHERE ${condition}`)
  return all === undefined || newer === undefined || all === 0 ? undefined : Math.min(1, newer / all)
}

/** Planned, never run. An aggregate above a scan or parts of a table under an Append: the outermost node knows all rows. */
async function plannedRows(client: Client, text: string): Promise<number | undefined> {
  const { rows } = await client.query<{ 'QUERY PLAN': unknown }>(`EXPLAIN (FORMAT JSON) ${text}`)
  return planOf(rows[0]?.['QUERY PLAN'])?.root.planRows
}
