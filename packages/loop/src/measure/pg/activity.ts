/** Looks at pg_stat_activity a few times a second while the service is under load: how many connections, how many new, what they stand in. */
import type { Client } from 'pg'
import type { PgActivity, PgIdleTransaction, PgSessions, PgSessionStatement } from '@whetstone/model'
import { applicationName, ownMark } from './connect.ts'
import { LockWaits, readLockSessions } from './locks.ts'

export interface ActivitySampler {
  /** Ends the sampling and waits for the sample in flight. */
  stop(statementOf: (text: string) => PgSessionStatement): Promise<ActivitySeen>
}
export type ActivitySeen = Omit<PgActivity, 'maxConnections' | 'windowMs'>

/** Beyond this many distinct connections only the peak matters. */
const maxIdentities = 20_000
/** Statements behind which transactions were seen to lie. */
const maxIdleTexts = 500
const maxIdleReported = 20
/** A client that is on its way to the next statement is no idle one. */
const idleSinceMs = 1_000
const countsKept = 60

const sampleQuery = `select ${ownMark} pid, backend_start::text as started, state = 'active' as active,
    state like 'idle in transaction%' as idle, state = 'active' and wait_event_type = 'Lock' as locked,
    extract(epoch from clock_timestamp() - state_change)::float8 * 1000 as "sinceMs",
    case when state like 'idle in transaction%' then nullif(query, '<insufficient privilege>') end as text
  from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
  and application_name not like '${applicationName}%' limit 5000`

interface Backend {
  readonly pid: number
  readonly started: string
  readonly active: boolean | null
  readonly idle: boolean | null
  readonly locked: boolean | null
  readonly sinceMs: number | null
  readonly text: string | null
}

/** @param held its client may be another one after the server was gone */
export async function startActivitySampler(
  held: { readonly client: Client },
  intervalMs: number,
): Promise<ActivitySampler> {
  const known = new Set<string>()
  const counts: number[] = []
  const locks = new LockWaits()
  const lying = new Lying()
  let idleInTransaction = 0
  let newOnes = 0
  let active = 0
  let waitingForLocks = 0
  const before = await counters(held.client)

  const sample = async (): Promise<void> => {
    const { rows } = await held.client.query<Backend>(sampleQuery)
    const first = counts.push(rows.length) === 1
    idleInTransaction = Math.max(idleInTransaction, rows.filter(row => row.idle === true).length)
    active += rows.filter(row => row.active === true).length
    const locked = rows.filter(row => row.locked === true).length
    waitingForLocks += locked
    for (const row of rows) lying.add(row)
    for (const row of rows) {
      const identity = `${row.pid} ${row.started}`
      if (known.has(identity) || known.size >= maxIdentities) continue
      known.add(identity)
      if (!first) newOnes++
    }
    // Only where somebody waits: asking who blocks whom holds up the server's lock table for an instant.
    if (locked > 0) locks.add(await readLockSessions(held.client))
  }
  await sample()
  let inFlight: Promise<void> | undefined
  const timer = setInterval(() => {
    // A slow answer skips beats rather than queueing more work on a busy server.
    inFlight ??= sample()
      .catch(() => {})
      .finally(() => (inFlight = undefined))
  }, intervalMs)
  timer.unref()

  return {
    async stop(statementOf) {
      clearInterval(timer)
      await inFlight
      // What was seen until the server went away is still worth having.
      await sample().catch(() => {})
      const after = await counters(held.client)
      const sessions: PgSessions = {
        looks: counts.length,
        active,
        waitingForLocks,
        connections: spaced(counts, countsKept),
        blocked: locks.list(statementOf),
        idleTransactions: lying.list(statementOf),
        ...(before && after ? { deadlocks: Math.max(0, after.deadlocks - before.deadlocks) } : {}),
      }
      return {
        connections: medianOf(counts),
        peakConnections: Math.max(0, ...counts),
        idleInTransaction,
        // The server also counts those too short-lived for a sample; the session of this connection may be among them.
        newConnections: Math.max(newOnes, before && after ? after.sessions - before.sessions - 1 : 0),
        sessions,
      }
    },
  }
}

/** Transactions that lay idle, by the text of their last statement. */
class Lying {
  readonly #byText = new Map<string, { readonly sessions: Set<string>; longestMs: number }>()

  add({ pid, started, idle, sinceMs, text }: Backend): void {
    if (idle !== true || text === null || sinceMs === null || sinceMs < idleSinceMs) return
    let seen = this.#byText.get(text)
    if (seen === undefined) {
      if (this.#byText.size >= maxIdleTexts) return
      seen = { sessions: new Set(), longestMs: 0 }
      this.#byText.set(text, seen)
    }
    if (seen.sessions.size < maxIdentities) seen.sessions.add(`${pid} ${started}`)
    seen.longestMs = Math.max(seen.longestMs, sinceMs)
  }

  list(statementOf: (text: string) => PgSessionStatement): PgIdleTransaction[] {
    const merged = new Map<string, PgIdleTransaction>()
    for (const [text, { sessions, longestMs }] of this.#byText) {
      const last = statementOf(text)
      const known = merged.get(last.text)
      merged.set(last.text, {
        last,
        sessions: sessions.size + (known?.sessions ?? 0),
        longestIdleMs: Math.max(longestMs, known?.longestIdleMs ?? 0),
      })
    }
    return [...merged.values()].toSorted((a, b) => b.longestIdleMs - a.longestIdleMs).slice(0, maxIdleReported)
  }
}

/** Connections ever made to this database (PostgreSQL 14 and later), and deadlocks broken in it. */
async function counters(client: Client): Promise<{ sessions: number; deadlocks: number } | undefined> {
  try {
    const { rows } = await client.query<{ sessions: number | null; deadlocks: number }>(
      `select ${ownMark} (to_jsonb(d)->>'sessions')::float8 as sessions, deadlocks::float8 as deadlocks
       from pg_stat_database d where datname = current_database()`,
    )
    const [row] = rows
    return row && { sessions: row.sessions ?? 0, deadlocks: row.deadlocks }
  } catch {
    return undefined
  }
}

function spaced(counts: readonly number[], most: number): number[] {
  if (counts.length <= most) return [...counts]
  return Array.from({ length: most }, (_, at) => counts[Math.round((at * (counts.length - 1)) / (most - 1))]!)
}

function medianOf(counts: readonly number[]): number {
  return counts.toSorted((a, b) => a - b)[Math.floor((counts.length - 1) / 2)] ?? 0
}
