/** A streaming replica of a sandbox server, with what drills do to one: hold its replay, promote it, point it at another primary. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, escapeLiteral } from 'pg'
import { thisHost } from '../cache/host.ts'
import { prepareBinaries } from './binaries.ts'
import { copyCluster, writeServerFile } from './base-backup.ts'
import { postgresPackage } from './package.ts'
import type { PostgresPackage } from './package.ts'
import { postgresServer } from './postgres-server.ts'
import type { PostgresServer } from './postgres-server.ts'
import { startServer } from './start-server.ts'
import type { SettingsOptions } from './settings.ts'

export interface StandbyOptions extends SettingsOptions {
  /** Other binaries than those of the npm package; the primary's version it must be. */
  readonly package?: PostgresPackage
}

export interface PostgresStandby extends PostgresServer {
  /** Log still arrives, and is not applied until `resumeReplay`. */
  readonly pauseReplay: () => Promise<void>
  readonly resumeReplay: () => Promise<void>
  /** Resolves when it accepts writes; rejects when that takes longer than ten seconds. */
  readonly promote: () => Promise<void>
  /** Streams from another server from now on, a promoted sibling for example. */
  readonly follow: (primary: PostgresServer) => Promise<void>
}

/** Resolves once the replica answers reads; it may still be catching up then. */
export async function startStandby(primary: PostgresServer, options: StandbyOptions = {}): Promise<PostgresStandby> {
  const host = thisHost()
  const binaries = await prepareBinaries(host, options.package ?? postgresPackage())
  const started = await startServer(host, binaries, {
    ...options,
    fill: async dataFolder =>
      await withClient(primary, async client => {
        const slot = await reserveLog(client)
        await copyCluster(host, client, primary.dataDirectory, dataFolder)
        writeServerFile(host, join(dataFolder, 'standby.signal'), '')
        const settings = Object.entries(following(primary, slot)).map(
          ([name, value]) => `${name} = ${escapeLiteral(value)}\n`,
        )
        // In the file and not on the command line, which would win over `follow`.
        appendFileSync(join(dataFolder, 'postgresql.auto.conf'), settings.join(''))
      }),
  })
  const server = postgresServer(started, primary.database)
  const tell = async (sql: string) => await withClient(server, async client => void (await client.query(sql)))
  return {
    ...server,
    pauseReplay: async () => await tell('SELECT pg_wal_replay_pause()'),
    resumeReplay: async () => await tell('SELECT pg_wal_replay_resume()'),
    promote: async () => await tell('SELECT pg_promote(true, 10)'),
    async follow(next) {
      const slot = await withClient(next, reserveLog)
      for (const [name, value] of Object.entries(following(next, slot))) {
        await tell(`ALTER SYSTEM SET ${name} = ${escapeLiteral(value)}`)
      }
      await tell('SELECT pg_reload_conf()')
    },
  }
}

/** A slot keeps the log that the replica has not read, from before the copy begins: no archive is needed. Resolves with its name. */
async function reserveLog(primary: Client): Promise<string> {
  const { rows } = await primary.query<{ slot_name: string }>(
    `SELECT slot_name FROM pg_create_physical_replication_slot('whetstone_' || replace(gen_random_uuid()::text, '-', ''), true)`,
  )
  return rows[0]!.slot_name
}

function following(primary: PostgresServer, slot: string): Readonly<Record<string, string>> {
  return {
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=${primary.user} application_name=${slot}`,
    primary_slot_name: slot,
    // The default of five seconds is an age in a drill.
    wal_retrieve_retry_interval: '100ms',
  }
}

async function withClient<T>(server: PostgresServer, run: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: server.url, application_name: 'whetstone-sandbox', ssl: false })
  // A server that dies at once after the answer is no failure of the answer.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await run(client)
  } finally {
    await client.end()
  }
}
