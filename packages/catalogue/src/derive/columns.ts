/** What the catalogue of the database knows about one table: its row, its indexes, and what a column is like. */
import type { PgColumn, PgEvidence, PgIndex, PgTable } from '@whetstone/model'
import { memo } from './memo.ts'
import type { KeyKnowledge } from './rewrite-sql.ts'

interface Catalogue {
  readonly tables: ReadonlyMap<string, PgTable>
  readonly indexes: ReadonlyMap<string, readonly PgIndex[]>
}

const catalogueOf: (pg: PgEvidence) => Catalogue = memo(pg => {
  const tables = new Map<string, PgTable>()
  for (const table of pg.tables) {
    tables.set(`${table.schema}.${table.name}`, table)
    // `public` is on the search path; another schema wins the bare name only where nothing else has it.
    if (table.schema === 'public' || !tables.has(table.name)) tables.set(table.name, table)
  }
  const indexes = new Map<string, PgIndex[]>()
  for (const index of pg.indexes) {
    const key = `${index.schema}.${index.table}`
    indexes.set(key, [...(indexes.get(key) ?? []), index])
  }
  return { tables, indexes }
})

/** By the name a statement uses: bare or schema-qualified, quotes ignored. */
export function tableOf(pg: PgEvidence, name: string): PgTable | undefined {
  return catalogueOf(pg).tables.get(name.replaceAll('"', ''))
}

export function columnOf(table: PgTable, name: string): PgColumn | undefined {
  return table.columns.find(column => column.name === name)
}

export function indexesOf(pg: PgEvidence, table: PgTable): readonly PgIndex[] {
  return catalogueOf(pg).indexes.get(`${table.schema}.${table.name}`) ?? []
}

/** How many different values a column holds; undefined before ANALYZE. */
export function distinctValues(table: PgTable, name: string): number | undefined {
  const distinct = columnOf(table, name)?.distinct
  if (distinct === undefined) return undefined
  return distinct < 0 ? -distinct * table.rows : distinct
}

/** Mean bytes of one row over the named columns; all when none are named. */
export function rowWidthBytes(table: PgTable, names: readonly string[] = []): number {
  const wanted = names.length === 0 ? table.columns : table.columns.filter(column => names.includes(column.name))
  return wanted.reduce((sum, column) => sum + (column.averageWidthBytes ?? 0), 0)
}

export function keyKnowledge(pg: PgEvidence | undefined): KeyKnowledge | undefined {
  if (!pg) return undefined
  return {
    isUnique: (name, column) => {
      const table = tableOf(pg, name)
      if (!table) return column === 'id'
      return indexesOf(pg, table).some(
        index => index.unique && !index.partial && index.columns.length === 1 && index.columns[0] === column,
      )
    },
    typeOf: (name, column) => {
      const table = tableOf(pg, name)
      return table && columnOf(table, column)?.type
    },
  }
}
