/** Reads a query level by level: its tables, conditions, order, limit and target columns, subqueries included. */
import type { Node, RangeVar, SelectStmt, SortBy, WithClause } from 'libpg-query'
import type { Condition, OrderColumn } from '@whetstone/model'
import { readConditions } from './conditions.ts'
import { Scope, columnOf, namesOf, tableSource } from './scope.ts'
import type { ColumnOfTable } from './scope.ts'
import { readTerms } from './terms.ts'
import type { ReadTerm } from './terms.ts'

/** What one query level shows to the level around it. */
export interface Level {
  readonly scope: Scope
  readonly outputs: readonly Output[]
  readonly star: boolean
  readonly hasWhere: boolean
  readonly limit?: Node
  readonly offset?: Node
  readonly orderBy: readonly OrderColumn[]
  readonly groupBy: boolean
  readonly locks: boolean
  readonly select: SelectStmt
  /** The query inside the only item of FROM. */
  readonly derived?: Level
}
export interface Output {
  readonly name: string
  readonly column?: ColumnOfTable
  readonly value?: Node
}

/** Collects over all levels of one statement. */
export class Reading {
  readonly tables = new Set<string>()
  readonly conditions: Condition[] = []
  readonly terms: ReadTerm[] = []
  #alternatives = 0
  readonly #named = new Map<string, Level>()
  /** Set when a common table expression writes. */
  writes: 'insert' | 'update' | 'delete' | undefined

  readonly addCondition = (condition: Condition): void => {
    const known = this.conditions.some(other =>
      (Object.keys(condition) as (keyof Condition)[]).every(key => other[key] === condition[key]),
    )
    if (!known) this.conditions.push(condition)
  }

  /** Must run before the statement's FROM, whose names it defines. */
  readWith(clause: WithClause | undefined, outer: Scope | undefined): void {
    for (const node of clause?.ctes ?? []) {
      if (!('CommonTableExpr' in node)) continue
      const { ctename = '', ctequery } = node.CommonTableExpr
      if (!ctequery) continue
      if ('SelectStmt' in ctequery) {
        // A recursive one mentions itself: known by name, without columns, while it is read.
        this.#named.set(ctename, emptyLevel)
        this.#named.set(ctename, this.readSelect(ctequery.SelectStmt, outer))
      } else {
        this.#named.set(ctename, emptyLevel)
        this.readChange(ctequery)
      }
    }
  }

  readChange(node: Node): Scope | undefined {
    const scope = new Scope()
    if ('InsertStmt' in node) {
      this.writes ??= 'insert'
      this.readWith(node.InsertStmt.withClause, undefined)
      this.addTable(node.InsertStmt.relation, scope)
      const source = node.InsertStmt.selectStmt
      if (source && 'SelectStmt' in source) this.readSelect(source.SelectStmt, undefined)
      return scope
    }
    const change = 'UpdateStmt' in node ? node.UpdateStmt : 'DeleteStmt' in node ? node.DeleteStmt : undefined
    if (!change) return undefined
    this.writes ??= 'UpdateStmt' in node ? 'update' : 'delete'
    this.readWith(change.withClause, undefined)
    this.addTable(change.relation, scope)
    const others =
      'UpdateStmt' in node ? node.UpdateStmt.fromClause : 'DeleteStmt' in node ? node.DeleteStmt.usingClause : undefined
    for (const item of others ?? []) this.addFrom(item, scope)
    this.where(change.whereClause, scope)
    return scope
  }

  readSelect(select: SelectStmt, outer: Scope | undefined): Level {
    this.readWith(select.withClause, outer)
    if (select.larg && select.rarg) return this.readUnion(select, outer)
    const scope = new Scope(outer)
    const derived = (select.fromClause ?? []).map(item => this.addFrom(item, scope))
    this.where(select.whereClause, scope)
    const outputs = this.outputs(select, scope)
    const only = derived.length === 1 ? derived[0] : undefined
    return {
      scope,
      select,
      outputs,
      star: outputs.some(({ name }) => name === '*'),
      hasWhere: select.whereClause !== undefined,
      ...(select.limitCount ? { limit: select.limitCount } : {}),
      ...(select.limitOffset ? { offset: select.limitOffset } : {}),
      orderBy: orderOf(select, scope, outputs),
      groupBy: (select.groupClause?.length ?? 0) > 0,
      locks: (select.lockingClause?.length ?? 0) > 0,
      ...(only ? { derived: only } : {}),
    }
  }

  private readUnion(select: SelectStmt, outer: Scope | undefined): Level {
    const left = this.readSelect(select.larg!, outer)
    const right = this.readSelect(select.rarg!, outer)
    const { derived: _, ...rest } = left
    return {
      ...rest,
      star: left.star || right.star,
      hasWhere: left.hasWhere && right.hasWhere,
      ...(select.limitCount ? { limit: select.limitCount } : {}),
      ...(select.limitOffset ? { offset: select.limitOffset } : {}),
      orderBy: [],
      groupBy: left.groupBy || right.groupBy,
    }
  }

  private where(clause: Node | undefined, scope: Scope): void {
    const add = (term: ReadTerm) => void this.terms.push(term)
    readTerms(clause, scope, add, () => ++this.#alternatives)
    readConditions(clause, {
      scope,
      add: this.addCondition,
      subquery: query =>
        query && 'SelectStmt' in query ? this.readSelect(query.SelectStmt, scope).outputs[0]?.column : undefined,
    })
  }

  private addTable(relation: RangeVar | undefined, scope: Scope): Level | undefined {
    const { relname, schemaname, alias } = relation ?? {}
    if (relname === undefined) return undefined
    const named = schemaname === undefined ? this.#named.get(relname) : undefined
    if (named) {
      scope.add({ name: alias?.aliasname ?? relname, resolve: column => outputColumn(named, column) })
      return named
    }
    const table = schemaname === undefined ? relname : `${schemaname}.${relname}`
    this.tables.add(table)
    scope.add(tableSource(table, alias?.aliasname))
    return undefined
  }

  private addFrom(item: Node, scope: Scope): Level | undefined {
    if ('RangeVar' in item) return this.addTable(item.RangeVar, scope)
    if ('RangeSubselect' in item) {
      const { subquery, alias } = item.RangeSubselect
      if (!subquery || !('SelectStmt' in subquery)) return undefined
      // The scope around is given whether LATERAL is written or not: without it no such name can occur.
      const level = this.readSelect(subquery.SelectStmt, scope)
      scope.add({ name: alias?.aliasname ?? '', resolve: column => outputColumn(level, column) })
      return level
    }
    if ('JoinExpr' in item) {
      const { larg, rarg, quals, usingClause } = item.JoinExpr
      const before = scope.sources.length
      if (larg) this.addFrom(larg, scope)
      const middle = scope.sources.length
      if (rarg) this.addFrom(rarg, scope)
      for (const column of namesOf(usingClause)) {
        const left = scope.sources.slice(before, middle).at(-1)?.resolve(column)
        const right = scope.sources.slice(middle)[0]?.resolve(column)
        if (left && right)
          this.addCondition({ ...right, operator: 'join', otherTable: left.table, otherColumn: left.column })
      }
      this.where(quals, scope)
      return undefined
    }
    if ('RangeFunction' in item)
      scope.add({ name: item.RangeFunction.alias?.aliasname ?? '', resolve: () => undefined })
    return undefined
  }

  /** Scalar subqueries in the target list are queries too. */
  private outputs(select: SelectStmt, scope: Scope): Output[] {
    return (select.targetList ?? []).flatMap(node => {
      if (!('ResTarget' in node)) return []
      const { name, val } = node.ResTarget
      for (const query of subqueriesWithin(val)) this.readSelect(query, scope)
      const reference = columnOf(val)
      if (!reference) return [{ name: name ?? '', ...(val ? { value: val } : {}) }]
      if (reference.fields?.some(field => 'A_Star' in field)) return [{ name: '*' }]
      const column = scope.resolve(reference)
      const own = namesOf(reference.fields).at(-1) ?? ''
      return [{ name: name ?? own, ...(column ? { column } : {}), value: val! }]
    })
  }
}

const emptyLevel: Level = {
  scope: new Scope(),
  outputs: [],
  star: false,
  hasWhere: false,
  orderBy: [],
  groupBy: false,
  locks: false,
  select: {},
}

function outputColumn(level: Level, column: string): ColumnOfTable | undefined {
  const named = level.outputs.find(({ name }) => name === column)
  if (named) return named.column
  const only = level.scope.sources.length === 1 ? level.scope.sources[0] : undefined
  return level.star ? only?.resolve(column) : undefined
}

/** Stops at the first expression: behind it no index can give the order. */
function orderOf(select: SelectStmt, scope: Scope, outputs: readonly Output[]): OrderColumn[] {
  const order: OrderColumn[] = []
  for (const node of select.sortClause ?? []) {
    if (!('SortBy' in node)) break
    const column = sortColumn(node.SortBy, scope, outputs)
    if (!column) break
    order.push({ ...column, descending: node.SortBy.sortby_dir === 'SORTBY_DESC' })
  }
  return order
}

function sortColumn({ node }: SortBy, scope: Scope, outputs: readonly Output[]): ColumnOfTable | undefined {
  if (node && 'A_Const' in node) return outputs[(node.A_Const.ival?.ival ?? 0) - 1]?.column
  const reference = columnOf(node)
  if (!reference) return undefined
  const names = namesOf(reference.fields)
  // An output name wins over a column of the tables, as in PostgreSQL.
  const output = names.length === 1 ? outputs.find(({ name }) => name === names[0]) : undefined
  return output?.column ?? (output?.value && !columnOf(output.value) ? undefined : scope.resolve(reference))
}

function subqueriesWithin(node: unknown): SelectStmt[] {
  if (Array.isArray(node)) return node.flatMap(subqueriesWithin)
  if (typeof node !== 'object' || node === null) return []
  if ('SelectStmt' in node) return [node.SelectStmt as SelectStmt]
  return Object.values(node).flatMap(subqueriesWithin)
}
