/** The counts of the drills that the server of an arm keeps itself: what it wrote to temporary files, and for which statements it worked. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Workload } from '@whetstone/model'
import pg from 'pg'
import type { ArmStart } from './arms.ts'
import { answeredWell } from './count.ts'
import { whileRunning } from './while-running.ts'

const heavyRequests = 30
const lightRequests = 300
const MEGABYTE = 1_000_000

/** Of thirty requests of six users. */
export async function spilledMegabytes(start: ArmStart, workload: Workload): Promise<number> {
  const [grown] = await growthWhile(start, workload, heavyRequests, async (server, database) => [
    await figure(server, 'SELECT temp_bytes::float8 AS value FROM pg_stat_database WHERE datname = $1', database),
  ])
  return Math.round(grown! / MEGABYTE / heavyRequests)
}

/** Of three hundred requests of six users; 0 where the server keeps no figures of statements. */
export async function attributedPercent(start: ArmStart, workload: Workload): Promise<number> {
  const [activeMs, knownMs] = await growthWhile(start, workload, lightRequests, async (server, database) => [
    await figure(server, 'SELECT active_time AS value FROM pg_stat_database WHERE datname = $1', database),
    await figure(server, knownTime, database).catch(withoutLibrary),
  ])
  return Math.round((100 * knownMs!) / Math.max(1, activeMs!))
}

/** Calls of statements while the arm answers as many requests of six users: all of its own, transaction control included. */
export async function growthOfStatements(start: ArmStart, workload: Workload, requests: number): Promise<number> {
  const [calls] = await growthWhile(start, workload, requests, async (server, database) => [
    await figure(server, calledStatements, database),
  ])
  return calls!
}

const calledStatements = `
  SELECT coalesce(sum(calls), 0)::float8 AS value
  FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid WHERE datname = $1`

const knownTime = `
  SELECT coalesce(sum(total_plan_time + total_exec_time), 0) AS value
  FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid WHERE datname = $1`

/** SQLSTATE of a view whose library the server has not loaded. */
const notLoaded = '55000'

function withoutLibrary(error: unknown): number {
  if ((error as { code?: string }).code !== notLoaded) throw error
  return 0
}

async function figure(server: pg.Client, text: string, database: string): Promise<number> {
  const { rows } = await server.query<{ value: number }>(text, [database])
  return rows[0]!.value
}

/** By how much figures grow while the arm answers; read from another database, so that the reading is not in them. */
async function growthWhile(
  start: ArmStart,
  workload: Workload,
  requests: number,
  read: (server: pg.Client, database: string) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  const url = new URL(start.env.DATABASE_URL)
  const database = url.pathname.slice(1)
  url.pathname = '/postgres'
  const server = new pg.Client({ connectionString: url.href })
  await server.connect()
  try {
    const before = await read(server, database)
    const answered = await whileRunning(start, async baseUrl => answeredWell(baseUrl, workload, requests))
    if (answered < requests) throw new Error(`${requests - answered} of ${requests} requests failed`)
    await sessionsEnd(server, database)
    const after = await read(server, database)
    return after.map((value, at) => value - before[at]!)
  } finally {
    await server.end()
  }
}

/** A session adds its figures to those of the database at its end, at the latest. */
async function sessionsEnd(server: pg.Client, database: string): Promise<void> {
  const open = `SELECT count(*)::int AS value FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`
  for (let waited = 0; waited < 200; waited++) {
    if ((await figure(server, open, database)) === 0) return
    await delay(25)
  }
  throw new Error(`sessions of ${database} are still open 5 s after the arm was stopped`)
}
