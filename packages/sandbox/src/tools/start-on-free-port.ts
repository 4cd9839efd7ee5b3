/** Starts a server program on a loopback port of ours, again on another when somebody else took it first. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WhetstoneError, exitCodes } from '@whetstone/model'
import { thisHost } from '../cache/host.ts'
import { newScratch, sweepScratch } from '../cache/scratch.ts'
import { freePort, isFreePort } from '../process/free-port.ts'
import { supervise } from '../process/supervise.ts'
import type { ToolBinary } from './tool.ts'

export interface ServerRecipe {
  /** As people write it, for the message. */
  readonly name: string
  readonly failureCode: `WHET_${string}`
  readonly args: (port: number, folder: string) => readonly string[]
  /** Written into the folder before the start, by name. */
  readonly files?: (port: number, folder: string) => Readonly<Record<string, string>>
  /** Then it runs as PostgreSQL does: as an unprivileged user when we are root. */
  readonly refusesRoot?: boolean
  /** Whether what answers there is this very process: another may have taken the port first. May reject while nothing answers. */
  readonly isOurs: (port: number, pid: number) => Promise<boolean>
}

export interface StartedServer {
  readonly port: number
  readonly pid: number
  readonly stop: () => Promise<void>
}

const startAttempts = 5
const startTimeoutMs = 15_000
const pollIntervalMs = 5

export async function startOnFreePort(
  tool: ToolBinary,
  recipe: ServerRecipe,
  env: NodeJS.ProcessEnv,
): Promise<StartedServer> {
  const host = thisHost(env)
  await sweepScratch(host.ownScratch, undefined)
  const user = recipe.refusesRoot === true ? host.serverUser : undefined
  // The other folder is swept by PostgreSQL's start, which knows what may still run there.
  const scratch = user ? host.serverScratch : host.ownScratch
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const folder = newScratch(scratch, tool.name, user)
    for (const [name, content] of Object.entries(recipe.files?.(port, folder) ?? {}))
      writeFileSync(join(folder, name), content)
    const logPath = join(folder, 'server.log')
    const server = await supervise({
      command: tool.path,
      args: recipe.args(port, folder),
      env: { ...env, ...tool.env },
      as: user,
      logPath,
      stopSignal: 'TERM',
      removeFolder: folder,
    })
    const deadlineMs = performance.now() + startTimeoutMs
    while (!server.hasEnded() && performance.now() < deadlineMs) {
      if (await recipe.isOurs(port, server.pid).catch(() => false)) {
        return { port, pid: server.pid, stop: async () => await server.stop() }
      }
      await delay(pollIntervalMs)
    }
    const logTail = readFileSync(logPath, 'utf8').trim().split('\n').slice(-12)
    const portWasTaken = server.hasEnded() && !(await isFreePort(port))
    await server.stop()
    if (!portWasTaken || attempt === startAttempts) {
      throw new WhetstoneError(
        recipe.failureCode,
        `${recipe.name} did not start on 127.0.0.1:${port}: ${logTail.at(-1) ?? 'no output'}`,
        { exitCode: exitCodes.internal, logTail },
      )
    }
  }
}
