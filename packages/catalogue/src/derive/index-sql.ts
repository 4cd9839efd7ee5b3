/** Writes an index as people read it and as PostgreSQL takes it. */
import type { IndexCandidate, IndexColumn } from '@whetstone/model'

/** `items(order_id, created_at DESC) WHERE paid`. */
export function indexText(candidate: IndexCandidate): string {
  const { schema, table, columns, method } = candidate
  const list = columns.map(column => columnText(column, method)).join(', ')
  return `${schema === 'public' ? '' : `${schema}.`}${table}${method === 'btree' ? '' : ` ${method}`}(${list})${tailOf(candidate)}`
}

/** All that are built together. */
export function proposalText({ candidate, together = [] }: Proposal): string {
  return [candidate, ...together].map(indexText).join(' and ')
}

function columnText({ name, expression, operatorClass, descending, nulls }: IndexColumn, method: string): string {
  const isUsual = operatorClass === undefined || operatorClass === 'default' || method === 'btree'
  return `${expression ?? name}${isUsual ? '' : ` ${operatorClass}`}${directionOf(descending, nulls)}`
}

function directionOf(descending: boolean | undefined, nulls: IndexColumn['nulls']): string {
  return `${descending ? ' DESC' : ''}${nulls === undefined ? '' : ` NULLS ${nulls.toUpperCase()}`}`
}

function tailOf({ include = [], where }: IndexCandidate): string {
  return `${include.length > 0 ? ` INCLUDE (${include.map(quoted).join(', ')})` : ''}${where === undefined ? '' : ` WHERE ${where}`}`
}

/** One text for one index, and for the others that are built with it. */
export function candidateKey({ candidate, together = [] }: Proposal): string {
  return [candidate, ...together].map(one => indexDefinition(one)).join(' and ')
}

export interface Proposal {
  readonly candidate: IndexCandidate
  /** The other branches of an OR: none of them is of use alone. */
  readonly together?: readonly IndexCandidate[]
}

/** What stands behind ON: table, method, columns and the rest. */
export function indexDefinition(candidate: IndexCandidate, place = placeOf(candidate)): string {
  const { columns, method } = candidate
  const list = columns.map(({ name, expression, operatorClass, descending, nulls }) => {
    const isCall = expression !== undefined && /^[a-z_][a-z0-9_]*\([^()]*\)$/.test(expression)
    const value = expression === undefined ? quoted(name) : isCall ? expression : `(${expression})`
    const wanted = operatorClass ?? (method === 'gin' ? 'gin_trgm_ops' : 'default')
    return `${value}${wanted === 'default' ? '' : ` ${wanted}`}${directionOf(descending, nulls)}`
  })
  return `${place}${method === 'btree' ? '' : ` USING ${method}`} (${list.join(', ')})${tailOf(candidate)}`
}

function placeOf({ schema, table }: IndexCandidate): string {
  return `${schema === 'public' ? '' : `${quoted(schema)}.`}${quoted(table)}`
}

/** `taken` are names of indexes that exist. */
export function createIndexSql(candidate: IndexCandidate, taken: readonly string[] = []): string {
  const { table, columns, where } = candidate
  const suffix = usesTrigrams(candidate) ? 'trgm_idx' : where === undefined ? 'idx' : 'part_idx'
  const names = columns.map(({ name, expression }) => (expression === undefined ? name : wordsOf(expression)))
  const name = freeName([table, ...names, suffix].join('_'), taken)
  const create = `CREATE INDEX CONCURRENTLY ${quoted(name)} ON ${indexDefinition(candidate)};`
  return usesTrigrams(candidate) ? `CREATE EXTENSION IF NOT EXISTS pg_trgm;\n${create}` : create
}

/** 63 bytes is the longest name PostgreSQL keeps. */
function freeName(wanted: string, taken: readonly string[]): string {
  const name = wanted.slice(0, 63)
  let free = name
  for (let number = 2; taken.includes(free); number++) free = `${wanted.slice(0, 60)}_${number}`
  return free
}

export function usesTrigrams({ method, columns }: IndexCandidate): boolean {
  return method === 'gin' && columns.some(({ operatorClass }) => operatorClass === undefined)
}

function wordsOf(expression: string): string {
  return (
    expression
      .toLowerCase()
      .match(/[a-z][a-z0-9]*/g)
      ?.join('_') ?? 'expression'
  )
}

/** `schema.table` or a bare name, each part quoted where it must be. */
export function quotedPath(path: string): string {
  return path.split('.').map(quoted).join('.')
}

/** Plain lower-case names need no quotes; anything else keeps its spelling only inside them. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** The words PostgreSQL keeps for itself wherever a column may stand (its manual, appendix C). */
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
  character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
  current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do
  else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike
  in initially inner inout int integer intersect interval into is isnull join lateral leading least left like limit
  localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric offset on only or order
  out outer overlaps overlay placing position precision primary real references returning right row select session_user
  setof similar smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim
  true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement
  xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
)
