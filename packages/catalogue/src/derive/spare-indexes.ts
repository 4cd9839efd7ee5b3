/** Indexes a database pays for and gets nothing, or not all, from: twins, beginnings of others, never scanned, broken, swollen. */
import type { PgEvidence, PgIndex, PgTable } from '@whetstone/model'
import { btreeBytes } from './btree-bytes.ts'
import { indexesOf, tableOf } from './columns.ts'
import { nodesOf } from './plans.ts'

interface SpareLimits {
  /** Scans up to which nobody uses it. */
  readonly scans: number
  readonly unusedBytes: number
  readonly countersAgeMs: number
  readonly redundantBytes: number
  readonly bloatFactor: number
  readonly bloatBytes: number
}

export type SpareIndex = { readonly index: PgIndex; readonly table: PgTable } & (
  | { readonly kind: 'invalid' }
  /** Another index holds the same, or begins with the same. */
  | { readonly kind: 'duplicate' | 'prefix'; readonly other: PgIndex }
  | { readonly kind: 'unused' }
  | { readonly kind: 'bloated'; readonly expectedBytes: number }
)

/** One entry an index, by the gravest: what is dropped need not be rebuilt. */
export function spareIndexes(pg: PgEvidence, limits: SpareLimits): readonly SpareIndex[] {
  const dropped = new Set<PgIndex>()
  return pg.indexes.flatMap((index): SpareIndex[] => {
    const table = tableOf(pg, `${index.schema}.${index.table}`)
    if (!table || index.building) return []
    if (!index.valid) return [{ index, table, kind: 'invalid' }]
    const others = indexesOf(pg, table).filter(other => other !== index && other.valid && !dropped.has(other))
    const other = mayGo(index) && index.bytes >= limits.redundantBytes ? standIn(index, others) : undefined
    if (other) {
      dropped.add(index)
      const kind = keysOf(index).length === keysOf(other).length ? ('duplicate' as const) : ('prefix' as const)
      return [{ index, table, kind, other }]
    }
    if (isUnused(pg, index, limits)) return [{ index, table, kind: 'unused' }]
    const expectedBytes = expectedBtreeBytes(index, table)
    const isBloated =
      expectedBytes !== undefined &&
      index.bytes >= expectedBytes * limits.bloatFactor &&
      index.bytes - expectedBytes >= limits.bloatBytes
    return isBloated ? [{ index, table, kind: 'bloated', expectedBytes }] : []
  })
}

/** Evidence of older runs does not say what rests on an index, so there only the name of the thing tells. */
function mayGo(index: PgIndex): boolean {
  return !index.primary && !index.unique && index.constraint === false && index.replicaIdentity !== true
}

/** Another one that answers whatever this one answers, without being much larger. */
function standIn(index: PgIndex, others: readonly PgIndex[]): PgIndex | undefined {
  const own = partsOf(index)
  return others.find(other => {
    const wide = partsOf(other)
    if (index.method !== other.method || own.where !== wide.where || other.bytes > index.bytes * MOST_TIMES_WIDER)
      return false
    if (index.method !== 'btree' && own.keys.length !== wide.keys.length) return false
    const begins = own.keys.every((key, at) => wide.keys[at] === key)
    const carried = new Set([...wide.keys, ...wide.include])
    return begins && own.include.every(name => carried.has(name))
  })
}

/** A narrow index may be kept because it is small: then the wide one is no stand-in for it. */
const MOST_TIMES_WIDER = 4

const keysOf = (index: PgIndex): readonly string[] => partsOf(index).keys

/** Keys with their directions and operator classes, as the server writes them. */
function partsOf({ definition }: PgIndex): {
  readonly keys: readonly string[]
  readonly include: readonly string[]
  readonly where: string
} {
  const start = definition.indexOf('(')
  const end = closing(definition, start)
  const rest = definition.slice(end + 1)
  const [, include = ''] = /^ INCLUDE \(([^)]*)\)/.exec(rest) ?? []
  const [, where = ''] = / WHERE (.*)$/.exec(rest) ?? []
  const nulls = rest.includes('NULLS NOT DISTINCT') ? 'nulls not distinct' : ''
  return {
    keys: listed(definition.slice(start + 1, end)),
    include: include === '' ? [] : include.split(', '),
    where: where + nulls,
  }
}

function closing(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at
  }
  return text.length
}

/** Cut at the commas that stand in no bracket and in no text. */
function listed(text: string): string[] {
  const items: string[] = []
  let depth = 0
  let isText = false
  let from = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === "'") isText = !isText
    else if (isText) continue
    else if (character === '(') depth++
    else if (character === ')') depth--
    else if (character === ',' && depth === 0) {
      items.push(text.slice(from, at).trim())
      from = at + 1
    }
  }
  return [...items, text.slice(from).trim()]
}

function isUnused(pg: PgEvidence, index: PgIndex, limits: SpareLimits): boolean {
  // Standbys count their own scans, and nobody asked them.
  const isAlone = (pg.replication?.standbys.length ?? 0) === 0 && pg.replication?.recovering !== true
  return (
    mayGo(index) &&
    isAlone &&
    index.scans <= limits.scans &&
    index.bytes >= limits.unusedBytes &&
    (pg.countersAgeMs ?? 0) >= limits.countersAgeMs &&
    !servesForeignKey(pg, index) &&
    !pg.plans.some(({ root }) => nodesOf(root).some(node => node.index === index.name))
  )
}

/** It is looked into when a parent is deleted, which may be once a year and must not lock the table for that long. */
function servesForeignKey(pg: PgEvidence, index: PgIndex): boolean {
  return pg.foreignKeys.some(
    key =>
      key.schema === index.schema &&
      key.table === index.table &&
      key.columns.every(name => index.columns.slice(0, key.columns.length).includes(name)),
  )
}

/** Undefined for what cannot be computed. Equal keys share an entry since PostgreSQL 13: the result is then too high, never too low. */
function expectedBtreeBytes(index: PgIndex, table: PgTable): number | undefined {
  if (index.method !== 'btree' || index.entries === undefined || index.entries === 0) return undefined
  return btreeBytes(index.entries, [...index.columns, ...partsOf(index).include], table)
}
