/** Starts a server program on a loopback port of ours, again on another when somebody else took it first. */
import { readFileSync } from 'node:fs'
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
  /** Whether what answers there is this very process: another may have taken the port first. May reject while nothing answers. */
  readonly isOurs: (port: number, pid: number) => Promise<boolean>
}

export interface StartedServer {
  readonly port: number
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
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const folder = newScratch(host.ownScratch, tool.name, undefined)
    const logPath = join(folder, 'server.log')
    const server = await supervise({
      command: tool.path,
      args: recipe.args(port, folder),
      env: { ...env, ...tool.env },
      logPath,
      stopSignal: 'TERM',
      removeFolder: folder,
    })
    const deadlineMs = performance.now() + startTimeoutMs
    while (!server.hasEnded() && performance.now() < deadlineMs) {
      if (await recipe.isOurs(port, server.pid).catch(() => false)) {
        return { port, stop: async () => await server.stop() }
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
