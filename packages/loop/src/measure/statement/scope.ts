/** Which table a column belongs to: aliases, derived tables, common table expressions and correlated outer queries resolved. */
import type { ColumnRef, Node } from 'libpg-query'

export interface ColumnOfTable {
  readonly table: string
  readonly column: string
}

/** One thing in FROM, under the name the statement uses for it. */
export interface Source {
  readonly name: string
  /** The table's name as written, absent for a derived table. */
  readonly table?: string
  readonly resolve: (column: string) => ColumnOfTable | undefined
}

export class Scope {
  readonly #sources: Source[] = []

  constructor(readonly outer?: Scope) {}

  get sources(): readonly Source[] {
    return this.#sources
  }

  add(source: Source): void {
    this.#sources.push(source)
  }

  /** Undefined where only the catalog could tell: a bare name among several tables. */
  resolve(reference: ColumnRef): ColumnOfTable | undefined {
    const parts = namesOf(reference.fields)
    const column = parts.at(-1)
    if (column === undefined || parts.length !== (reference.fields ?? []).length) return undefined
    const qualifier = parts.at(-2)
    if (qualifier === undefined) {
      const only = this.#sources.length === 1 ? this.#sources[0] : undefined
      return only ? only.resolve(column) : undefined
    }
    const source = this.#sources.find(({ name }) => name === qualifier)
    return source ? source.resolve(column) : this.outer?.resolve(reference)
  }
}

export function tableSource(table: string, alias: string | undefined): Source {
  const name = alias ?? table.split('.').at(-1) ?? table
  return { name, table, resolve: column => ({ table, column }) }
}

/** The plain names of a dotted list; `*` is left out. */
export function namesOf(fields: readonly Node[] | undefined): string[] {
  return (fields ?? []).flatMap(field => ('String' in field ? [field.String.sval ?? ''] : []))
}

/** The column below casts and brackets is not looked for: `id::text` cannot be served by an index on `id`. */
export function columnOf(node: Node | undefined): ColumnRef | undefined {
  return node && 'ColumnRef' in node ? node.ColumnRef : undefined
}

/** Every column mentioned anywhere below a node, subqueries excluded. */
export function columnsWithin(node: unknown): ColumnRef[] {
  if (Array.isArray(node)) return node.flatMap(columnsWithin)
  if (typeof node !== 'object' || node === null) return []
  if ('SubLink' in node) return []
  if ('ColumnRef' in node) return [node.ColumnRef as ColumnRef]
  return Object.values(node).flatMap(columnsWithin)
}
