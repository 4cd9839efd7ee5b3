/** Columns that a condition compares as another type than their own: an index on them holds values of their own type and is of no use. */
import type { PgTable } from '@whetstone/model'
import { columnOf } from './columns.ts'

export interface CastColumn {
  /** As the plan writes it: the alias, absent where one table is read. */
  readonly alias?: string
  readonly column: string
  /** As PostgreSQL shows it: `text`, `numeric`, `date`. */
  readonly type: string
}

const CAST = String.raw`\((?:(?:"([^"]+)"|([A-Za-z_][\w$]*))\.)?(?:"([^"]+)"|([A-Za-z_][\w$]*))\)::([a-z][a-z ]*[a-z]|[a-z]+\d)(?:\(\d+(?:,\d+)?\))?`

/** Equalities of a plan's condition with a cast column on one side: `((c.id)::text = o.customer)`. A list stands for one. */
export function castColumns(condition: string): readonly CastColumn[] {
  const left = new RegExp(String.raw`${CAST}(?= = )`, 'g')
  const right = new RegExp(String.raw`(?<= = )${CAST}(?=\))`, 'g')
  const found = [...condition.matchAll(left), ...condition.matchAll(right)].map(
    ([, quotedAlias, plainAlias, quotedName, plainName, type = '']) => {
      const alias = quotedAlias ?? plainAlias
      return { column: quotedName ?? plainName ?? '', type, ...(alias === undefined ? {} : { alias }) }
    },
  )
  return [...new Map(found.map(one => [`${one.alias}.${one.column}`, one])).values()]
}

/** The column of an expression that is its cast and nothing else: `id::text`. */
export function castColumnOf(expression: string): CastColumn | undefined {
  const [, quotedName, plainName, type = ''] =
    /^\(?(?:"([^"]+)"|([A-Za-z_][\w$]*))\)?::([a-z][a-z ]*[a-z]|[a-z]+\d?)(?:\(\d+\))?$/i.exec(expression) ?? []
  const column = quotedName ?? plainName
  return column === undefined ? undefined : { column, type }
}

/** Types whose values PostgreSQL converts one by one; between two of one family it only changes the label, and the index still serves. */
const families: Readonly<Record<string, string>> = {
  smallint: 'int2',
  int2: 'int2',
  integer: 'int4',
  int: 'int4',
  int4: 'int4',
  bigint: 'int8',
  int8: 'int8',
  numeric: 'numeric',
  decimal: 'numeric',
  real: 'float4',
  float4: 'float4',
  'double precision': 'float8',
  float8: 'float8',
  text: 'text',
  'character varying': 'text',
  varchar: 'text',
  character: 'bpchar',
  bpchar: 'bpchar',
  uuid: 'uuid',
  date: 'date',
  timestamp: 'timestamp',
  'timestamp without time zone': 'timestamp',
  timestamptz: 'timestamptz',
  'timestamp with time zone': 'timestamptz',
}

const familyOf = (type: string): string | undefined => families[type.toLowerCase().replace(/\(.*?\)/, '')]

/** Nothing is said of types that are not listed: a domain or an enum may be the same below. */
export function isConverted(table: PgTable, { column, type }: CastColumn): boolean {
  const own = familyOf(columnOf(table, column)?.type ?? '')
  const other = familyOf(type)
  return own !== undefined && other !== undefined && own !== other
}

/** Many values of the column become one: a day has many moments. */
export function isCoarser(table: PgTable, { column, type }: CastColumn): boolean {
  return familyOf(type) === 'date' && familyOf(columnOf(table, column)?.type ?? '')?.startsWith('timestamp') === true
}
