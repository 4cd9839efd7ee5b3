/** Writes an index as people read it and as PostgreSQL takes it. */
import type { IndexCandidate } from '@whetstone/model'

/** `items(order_id, created_at DESC)`. */
export function indexText({ schema, table, columns, method }: IndexCandidate): string {
  const list = columns.map(({ name, descending }) => name + (descending ? ' DESC' : '')).join(', ')
  return `${schema === 'public' ? '' : `${schema}.`}${table}${method === 'btree' ? '' : ` ${method}`}(${list})`
}

export function createIndexSql({ schema, table, columns, method }: IndexCandidate): string {
  const name = [table, ...columns.map(column => column.name), method === 'btree' ? 'idx' : 'trgm_idx'].join('_')
  const place = `${schema === 'public' ? '' : `${quoted(schema)}.`}${quoted(table)}`
  const list = columns.map(column => quoted(column.name) + (column.descending ? ' DESC' : '')).join(', ')
  // 63 bytes is the longest name PostgreSQL keeps.
  const create = `CREATE INDEX CONCURRENTLY ${quoted(name.slice(0, 63))} ON ${place}`
  if (method === 'btree') return `${create} (${list});`
  return `CREATE EXTENSION IF NOT EXISTS pg_trgm;\n${create} USING gin (${quoted(columns[0]?.name ?? '')} gin_trgm_ops);`
}

/** `schema.table` or a bare name, each part quoted where it must be. */
export function quotedPath(path: string): string {
  return path.split('.').map(quoted).join('.')
}

/** Plain lower-case names need no quotes; anything else keeps its spelling only inside them. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}
