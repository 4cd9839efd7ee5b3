/** A real PostgreSQL 18 on a loopback port, in well under a second, gone without a trace when we are. */
import { setTimeout as delay } from 'node:timers/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WhetstoneError, exitCodes } from '@whetstone/model'
import { thisHost } from '../cache/host.ts'
import type { Host } from '../cache/host.ts'
import { newScratch, sweepScratch } from '../cache/scratch.ts'
import { freePort, isFreePort } from '../process/free-port.ts'
import { supervise } from '../process/supervise.ts'
import type { Supervised } from '../process/supervise.ts'
import { prepareBinaries } from './binaries.ts'
import type { Binaries } from './binaries.ts'
import { createCluster, superuser } from './cluster.ts'
import { dataFolder, endOrphan } from './data-folder.ts'
import { createDatabase, databaseExists, dropDatabase } from './databases.ts'
import type { CreateDatabaseOptions } from './databases.ts'
import { postgresPackage } from './package.ts'
import type { PostgresPackage } from './package.ts'
import { serverSettings, settingArguments } from './settings.ts'
import type { SettingsOptions } from './settings.ts'

export interface PostgresOptions extends SettingsOptions {
  /** Created if it does not exist. Default `sandbox`. */
  readonly database?: string
  /** Keep the data here and reuse it next time; by default the data lives in the cache and is removed at the end. */
  readonly dataDirectory?: string
  /** Other binaries than those of the npm package. */
  readonly package?: PostgresPackage
}

export interface PostgresServer {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  readonly pid: number
  readonly dataDirectory: string
  /** What the server writes, auto_explain's plans included. */
  readonly logPath: string
  readonly urlOf: (database: string) => string
  /** Resolves with the URL of the new database. */
  readonly createDatabase: (name: string, options?: CreateDatabaseOptions) => Promise<string>
  readonly dropDatabase: (name: string) => Promise<void>
  /** Ends the server and removes its data; connections that are still open are cut. May be called twice. */
  readonly stop: () => Promise<void>
}

const startAttempts = 5
const startTimeoutMs = 30_000
/** Reading one small file; a start takes 30 to 100 ms. */
const pollIntervalMs = 5

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const host = thisHost()
  const from = options.package ?? postgresPackage()
  await sweepScratch(host.serverScratch, host.serverUser, endOrphan)
  const binaries = await prepareBinaries(host, from)
  const { server, port, dataDirectory, logPath } = await startOnFreePort(host, binaries, from.version, options)
  const urlOf = (database: string) => `postgres://${superuser}@127.0.0.1:${port}/${encodeURIComponent(database)}`
  const admin = urlOf('postgres')
  const database = options.database ?? 'sandbox'
  try {
    if (!(await databaseExists(admin, database))) await createDatabase(admin, database)
  } catch (error) {
    await server.stop()
    throw error
  }
  return {
    url: urlOf(database),
    host: '127.0.0.1',
    port,
    user: superuser,
    database,
    pid: server.pid,
    dataDirectory,
    logPath,
    urlOf,
    async createDatabase(name, createOptions) {
      await createDatabase(admin, name, createOptions)
      return urlOf(name)
    },
    dropDatabase: async name => await dropDatabase(admin, name),
    stop: async () => await server.stop(),
  }
}

interface Started {
  readonly server: Supervised
  readonly port: number
  readonly dataDirectory: string
  readonly logPath: string
}

/** Another process may take the port between our looking and the server's binding it: then all again with the next one. */
async function startOnFreePort(
  host: Host,
  binaries: Binaries,
  version: string,
  options: PostgresOptions,
): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const scratch = newScratch(host.serverScratch, 'pg', host.serverUser)
    const logPath = join(scratch, 'server.log')
    const data = dataFolder(host, scratch, options.dataDirectory)
    if (data.isEmpty) await createCluster(host, binaries, version, data.path)
    const port = await freePort()
    const server = await supervise({
      command: binaries.postgres,
      args: ['-D', data.path, ...settingArguments(serverSettings(port, options))],
      env: binaries.env,
      as: host.serverUser,
      logPath,
      // Data that nobody keeps needs no checkpoint: an immediate shutdown takes milliseconds.
      stopSignal: options.dataDirectory ? 'INT' : 'QUIT',
      removeFolder: scratch,
    })
    if (await becomesReady(server, data.path)) return { server, port, dataDirectory: data.path, logPath }
    const logTail = readFileSync(logPath, 'utf8').trim().split('\n').slice(-12)
    const portWasTaken = server.hasEnded() && !(await isFreePort(port))
    await server.stop()
    if (!portWasTaken || attempt === startAttempts) throw didNotStart(port, logTail)
  }
}

/** The server itself writes "ready" as line 8 of postmaster.pid; a port that answers could be somebody else's. */
async function becomesReady(server: Supervised, dataDirectory: string): Promise<boolean> {
  const deadlineMs = performance.now() + startTimeoutMs
  while (!server.hasEnded() && performance.now() < deadlineMs) {
    const lines = readIfThere(join(dataDirectory, 'postmaster.pid')).split('\n')
    if (Number(lines[0]) === server.pid && lines[7]?.trim() === 'ready') return true
    await delay(pollIntervalMs)
  }
  return false
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function didNotStart(port: number, logTail: readonly string[]): WhetstoneError {
  return new WhetstoneError(
    'WHET_SANDBOX_POSTGRES_START',
    `PostgreSQL did not start on 127.0.0.1:${port}: ${logTail.at(-1) ?? 'no output'}`,
    {
      hint: 'look at the settings and at the free memory and disk of this machine',
      exitCode: exitCodes.internal,
      logTail,
    },
  )
}
