/** Starts the postmaster on a data folder and a free port, and knows from its own files when it accepts connections. */
import { setTimeout as delay } from 'node:timers/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WhetstoneError, exitCodes } from '@whetstone/model'
import type { Host } from '../cache/host.ts'
import { newScratch } from '../cache/scratch.ts'
import { freePort, isFreePort } from '../process/free-port.ts'
import { supervise } from '../process/supervise.ts'
import type { Supervised } from '../process/supervise.ts'
import type { Binaries } from './binaries.ts'
import { dataFolder } from './data-folder.ts'
import { serverSettings, settingArguments } from './settings.ts'
import type { SettingsOptions } from './settings.ts'

export interface StartOptions extends SettingsOptions {
  /** Kept by the caller; by default the data lives in a scratch folder. */
  readonly dataDirectory?: string | undefined
  /** Puts a cluster into an empty data folder, which the server's user owns. */
  readonly fill: (dataFolder: string) => Promise<void>
}

const startAttempts = 5
const startTimeoutMs = 30_000
/** Reading one small file; a start takes 30 to 100 ms. */
const pollIntervalMs = 5
const acceptingStates: ReadonlySet<string> = new Set(['ready', 'standby'])

export interface Started {
  readonly server: Supervised
  readonly port: number
  readonly dataDirectory: string
  readonly logPath: string
}

/** Another process may take the port between our looking and the server's binding it: then all again with the next one. */
export async function startServer(host: Host, binaries: Binaries, options: StartOptions): Promise<Started> {
  for (let attempt = 1; ; attempt++) {
    const scratch = newScratch(host.serverScratch, 'pg', host.serverUser)
    const logPath = join(scratch, 'server.log')
    const data = dataFolder(host, scratch, options.dataDirectory)
    if (data.isEmpty) await options.fill(data.path)
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

/** The server itself writes "ready", or "standby", as line 8 of postmaster.pid; a port that answers could be somebody else's. */
async function becomesReady(server: Supervised, dataDirectory: string): Promise<boolean> {
  const deadlineMs = performance.now() + startTimeoutMs
  while (!server.hasEnded() && performance.now() < deadlineMs) {
    const lines = readIfThere(join(dataDirectory, 'postmaster.pid')).split('\n')
    if (Number(lines[0]) === server.pid && acceptingStates.has(lines[7]?.trim() ?? '')) return true
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
