/** Looks at pg_stat_activity a few times a second while the service is under load: how many connections, how many new, how many idle in a transaction. */
import type { Client } from 'pg'
import type { PgActivity } from '@whetstone/model'
import { applicationName, ownMark } from './connect.ts'

export interface ActivitySampler {
  /** Ends the sampling and waits for the sample in flight. */
  stop(): Promise<ActivitySeen>
}
export type ActivitySeen = Omit<PgActivity, 'maxConnections' | 'windowMs'>

/** Beyond this many distinct connections only the peak matters. */
const maxIdentities = 20_000

const sampleQuery = `select ${ownMark} pid, backend_start::text as started, state like 'idle in transaction%' as idle
  from pg_stat_activity where datname = current_database() and backend_type = 'client backend'
  and application_name not like '${applicationName}%' limit 5000`

interface Backend {
  readonly pid: number
  readonly started: string
  readonly idle: boolean | null
}

export async function startActivitySampler(client: Client, intervalMs: number): Promise<ActivitySampler> {
  const known = new Set<string>()
  const counts: number[] = []
  let idleInTransaction = 0
  let newOnes = 0
  const sessionsBefore = await sessions(client)

  const sample = async (): Promise<void> => {
    const { rows } = await client.query<Backend>(sampleQuery)
    const first = counts.push(rows.length) === 1
    idleInTransaction = Math.max(idleInTransaction, rows.filter(row => row.idle === true).length)
    for (const row of rows) {
      const identity = `${row.pid} ${row.started}`
      if (known.has(identity) || known.size >= maxIdentities) continue
      known.add(identity)
      if (!first) newOnes++
    }
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
    async stop() {
      clearInterval(timer)
      await inFlight
      await sample()
      const sessionsAfter = await sessions(client)
      // The server also counts those too short-lived for a sample; the session of this connection may be among them.
      const counted =
        sessionsBefore === undefined || sessionsAfter === undefined
          ? 0
          : Math.max(0, sessionsAfter - sessionsBefore - 1)
      return {
        connections: medianOf(counts),
        peakConnections: Math.max(0, ...counts),
        idleInTransaction,
        newConnections: Math.max(newOnes, counted),
      }
    },
  }
}

/** Connections ever made to this database; PostgreSQL 14 and later. */
async function sessions(client: Client): Promise<number | undefined> {
  try {
    const { rows } = await client.query<{ sessions: number }>(
      `select ${ownMark} sessions::float8 as sessions from pg_stat_database where datname = current_database()`,
    )
    return rows[0]?.sessions
  } catch {
    return undefined
  }
}

function medianOf(counts: readonly number[]): number {
  return counts.toSorted((a, b) => a - b)[Math.floor((counts.length - 1) / 2)] ?? 0
}
