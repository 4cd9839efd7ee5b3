/** What pg_stat_statements counted inside the window, joined to the statements the application was seen to issue. */
import type { Client } from 'pg'
import { escapeIdentifier } from 'pg'
import type { PgStatement, Statement } from '@whetstone/model'
import { normaliseStatement, statementId } from '@whetstone/probe/statement-text'
import { ownMark } from './connect.ts'

export interface StatementCounter {
  readonly key: string
  readonly text: string
  readonly calls: number
  readonly totalMs: number
  readonly maxMs: number
  readonly rows: number
  readonly blocksHit: number
  readonly blocksRead: number
  readonly temporaryBlocks: number
}

const maxCounters = 5_000
const maxUnmatched = 100

export async function readStatementCounters(client: Client): Promise<StatementCounter[]> {
  const { rows: found } = await client.query<{ schema: string }>(
    `select ${ownMark} n.nspname as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`,
  )
  const schema = found[0]?.schema
  if (schema === undefined) throw new Error('the extension pg_stat_statements is not installed in this database')
  const { rows } = await client.query<StatementCounter>(
    `select ${ownMark} concat_ws('/', userid, queryid, to_jsonb(s)->>'toplevel') as key, query as text, calls::float8,
       total_exec_time as "totalMs", max_exec_time as "maxMs", rows::float8, shared_blks_hit::float8 as "blocksHit",
       shared_blks_read::float8 as "blocksRead", (temp_blks_read + temp_blks_written)::float8 as "temporaryBlocks"
     from ${escapeIdentifier(schema)}.pg_stat_statements s
     where dbid = (select oid from pg_database where datname = current_database())
     order by total_exec_time desc limit ${maxCounters}`,
  )
  return rows
}

export interface CountedStatements {
  readonly statements: readonly PgStatement[]
  /** Texts the role may not read. */
  readonly hidden: number
}

/** Pure. Texts that normalise to the same statement become one row. */
export function countedInWindow(
  before: readonly StatementCounter[],
  after: readonly StatementCounter[],
  statements: readonly Statement[],
): CountedStatements {
  const earlier = new Map(before.map(counter => [counter.key, counter]))
  const application = new Set(statements.map(({ id }) => id))
  const byId = new Map<string, PgStatement>()
  let hidden = 0
  for (const counter of after) {
    const delta = subtract(counter, earlier.get(counter.key))
    if (delta.calls <= 0 || counter.text.includes(ownMark)) continue
    if (counter.text === '<insufficient privilege>') {
      hidden++
      continue
    }
    const text = normaliseStatement(counter.text)
    const id = statementId(text)
    const known = byId.get(id)
    byId.set(id, known ? add(known, delta) : { ...delta, text, ...(application.has(id) ? { statementId: id } : {}) })
  }
  const all = [...byId.values()].toSorted((a, b) => b.totalMs - a.totalMs)
  const unmatched = all.filter(one => one.statementId === undefined).slice(0, maxUnmatched)
  return { statements: all.filter(one => one.statementId !== undefined || unmatched.includes(one)), hidden }
}

type Figures = Omit<PgStatement, 'statementId' | 'text'>

function subtract(after: StatementCounter, before: StatementCounter | undefined): Figures {
  // Fewer calls than before: the counters were reset in between.
  const base = before && before.calls <= after.calls ? before : undefined
  const calls = after.calls - (base?.calls ?? 0)
  const totalMs = after.totalMs - (base?.totalMs ?? 0)
  return {
    calls,
    totalMs,
    meanMs: calls > 0 ? totalMs / calls : 0,
    // The maximum is since the reset; only where nothing came before is it one of this window.
    ...(base ? {} : { maxMs: after.maxMs }),
    rows: after.rows - (base?.rows ?? 0),
    blocksHit: after.blocksHit - (base?.blocksHit ?? 0),
    blocksRead: after.blocksRead - (base?.blocksRead ?? 0),
    temporaryBlocks: after.temporaryBlocks - (base?.temporaryBlocks ?? 0),
  }
}

function add(one: PgStatement, other: Figures): PgStatement {
  const calls = one.calls + other.calls
  const totalMs = one.totalMs + other.totalMs
  const maxMs = Math.max(one.maxMs ?? 0, other.maxMs ?? 0)
  return {
    ...one,
    calls,
    totalMs,
    meanMs: totalMs / calls,
    ...(maxMs > 0 ? { maxMs } : {}),
    rows: one.rows + other.rows,
    blocksHit: one.blocksHit + other.blocksHit,
    blocksRead: one.blocksRead + other.blocksRead,
    temporaryBlocks: one.temporaryBlocks + other.temporaryBlocks,
  }
}
