/** Who waits for whose lock: of a queue the head is blamed, and what it did last is named. */
import type { Client } from 'pg'
import type { PgBlocking, PgSessionStatement } from '@whetstone/model'
import { applicationName, ownMark } from './connect.ts'

/** Longer queues are longer, not different. */
const maxWaiting = 50
/** Pairs of texts that are told apart. */
const maxPairs = 500
const maxReported = 20

/** A session that waits, or that one of those waits for. */
export interface LockSession {
  readonly pid: number
  /** When its statement began: tells two waits of one session apart. */
  readonly since: string | null
  readonly text: string | null
  /** In a transaction, and longer than the way to the client and back takes. */
  readonly idle: boolean | null
  /** Only of those that wait. */
  readonly blockers: readonly number[] | null
  readonly lock: string | null
  readonly waitedMs: number | null
}

/** `waitstart` came with PostgreSQL 14, and is empty for an instant. */
const locksQuery = `with ${ownMark} waiting as materialized (
    select a.pid, pg_blocking_pids(a.pid) as blockers, l.lock,
      extract(epoch from clock_timestamp() - coalesce(l.since, a.query_start))::float8 * 1000 as waited
    from pg_stat_activity a cross join lateral (
      select p.locktype as lock, (to_jsonb(p)->>'waitstart')::timestamptz as since from pg_locks p
      where p.pid = a.pid and not p.granted limit 1) l
    where a.datname = current_database() and a.wait_event_type = 'Lock' limit ${maxWaiting})
  select a.pid, a.query_start::text as since, nullif(a.query, '<insufficient privilege>') as text, a.state like 'idle in transaction%'
      and clock_timestamp() - a.state_change > interval '20 ms' as idle, w.blockers, w.lock,
    w.waited as "waitedMs"
  from pg_stat_activity a left join waiting w on w.pid = a.pid
  where (w.pid is not null or a.pid in (select unnest(blockers) from waiting))
    and coalesce(a.application_name, '') not like '${applicationName}%'`

export async function readLockSessions(client: Client): Promise<LockSession[]> {
  return (await client.query<LockSession>(locksQuery)).rows
}

interface Pair {
  readonly waiting: string
  readonly blocker: string
  readonly lock: string
  readonly waits: Set<string>
  longestMs: number
  looks: number
  idleLooks: number
}

export class LockWaits {
  readonly #pairs = new Map<string, Pair>()

  add(sessions: readonly LockSession[]): void {
    const byPid = new Map(sessions.map(session => [session.pid, session]))
    for (const session of sessions) {
      if (session.blockers === null) continue
      const head = headOf(session, byPid)
      if (head === undefined || head.text === null || session.text === null) continue
      this.#note(session, head)
    }
  }

  #note({ pid, since, text, lock, waitedMs }: LockSession, head: LockSession): void {
    const key = `${text}\n${head.text}\n${lock}`
    let pair = this.#pairs.get(key)
    if (pair === undefined) {
      if (this.#pairs.size >= maxPairs) return
      pair = {
        waiting: text!,
        blocker: head.text!,
        lock: lock ?? 'unknown',
        waits: new Set(),
        longestMs: 0,
        looks: 0,
        idleLooks: 0,
      }
      this.#pairs.set(key, pair)
    }
    pair.waits.add(`${pid} ${since}`)
    pair.longestMs = Math.max(pair.longestMs, waitedMs ?? 0)
    pair.looks++
    if (head.idle === true) pair.idleLooks++
  }

  /** Texts that are the same statement become one; the heaviest first. */
  list(statementOf: (text: string) => PgSessionStatement): PgBlocking[] {
    const merged = new Map<string, PgBlocking & { readonly looks: number; readonly idleLooks: number }>()
    for (const { waiting, blocker, lock, waits, longestMs, looks, idleLooks } of this.#pairs.values()) {
      const [one, other] = [statementOf(waiting), statementOf(blocker)]
      const key = `${one.text}\n${other.text}\n${lock}`
      const known = merged.get(key)
      const idle = idleLooks + (known?.idleLooks ?? 0)
      const all = looks + (known?.looks ?? 0)
      merged.set(key, {
        waiting: one,
        blocker: other,
        blockerIdle: idle * 2 > all,
        lock,
        waits: waits.size + (known?.waits ?? 0),
        longestMs: Math.max(longestMs, known?.longestMs ?? 0),
        looks: all,
        idleLooks: idle,
      })
    }
    return [...merged.values()]
      .toSorted((a, b) => b.looks - a.looks || b.longestMs - a.longestMs)
      .slice(0, maxReported)
      .map(({ looks: _looks, idleLooks: _idle, ...blocking }) => blocking)
  }
}

/** Up the queue until somebody who does not wait; undefined where that one is not visible, or a deadlock goes in a circle. */
function headOf(session: LockSession, byPid: ReadonlyMap<number, LockSession>): LockSession | undefined {
  const seen = new Set([session.pid])
  let at: LockSession = session
  while (at.blockers !== null) {
    const next = at.blockers.map(pid => byPid.get(pid)).find(other => other !== undefined && !seen.has(other.pid))
    if (next === undefined) return undefined
    seen.add(next.pid)
    at = next
  }
  return at
}
