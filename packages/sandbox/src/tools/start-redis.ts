/** A real Redis on a loopback port that keeps nothing on disk and leaves with us; or yours, named by `WHETSTONE_REDIS_URL`. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WhetstoneError, exitCodes } from '@whetstone/model'
import { thisHost } from '../cache/host.ts'
import { newScratch, sweepScratch } from '../cache/scratch.ts'
import { freePort, isFreePort } from '../process/free-port.ts'
import { supervise } from '../process/supervise.ts'
import type { Supervised } from '../process/supervise.ts'
import { findTool } from './find-tool.ts'
import type { NotAvailable, ToolBinary } from './tool.ts'

export interface RedisServer {
  readonly kind: 'redis'
  readonly url: string
  readonly port: number
  /** False for yours: it is not stopped, and nothing in it may be deleted that we did not write. */
  readonly startedHere: boolean
  readonly stop: () => Promise<void>
}

const startAttempts = 5
const startTimeoutMs = 15_000
const pollIntervalMs = 5

export async function startRedis(env: NodeJS.ProcessEnv = process.env): Promise<RedisServer | NotAvailable> {
  const own = env['WHETSTONE_REDIS_URL']
  if (own) return givenServer(own)
  const tool = await findTool('redis-server', env)
  return tool.kind === 'binary' ? await startOnFreePort(tool, env) : tool
}

function givenServer(url: string): RedisServer {
  const port = URL.canParse(url) ? Number(new URL(url).port || 6379) : NaN
  if (Number.isNaN(port)) {
    throw new WhetstoneError('WHET_SANDBOX_REDIS_URL', 'WHETSTONE_REDIS_URL is not a URL', {
      hint: 'WHETSTONE_REDIS_URL=redis://127.0.0.1:6379',
    })
  }
  return { kind: 'redis', url, port, startedHere: false, stop: async () => await Promise.resolve() }
}

async function startOnFreePort(tool: ToolBinary, env: NodeJS.ProcessEnv): Promise<RedisServer> {
  const host = thisHost(env)
  await sweepScratch(host.ownScratch, undefined)
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const folder = newScratch(host.ownScratch, 'redis', undefined)
    const logPath = join(folder, 'server.log')
    const server = await supervise({
      command: tool.path,
      args: [
        '--bind',
        '127.0.0.1',
        '--port',
        String(port),
        '--save',
        '',
        '--appendonly',
        'no',
        '--daemonize',
        'no',
        '--dir',
        folder,
      ],
      env: { ...env, ...tool.env },
      logPath,
      stopSignal: 'TERM',
      removeFolder: folder,
    })
    if (await becomesReady(server, port)) {
      return {
        kind: 'redis',
        url: `redis://127.0.0.1:${port}`,
        port,
        startedHere: true,
        stop: async () => await server.stop(),
      }
    }
    const logTail = readFileSync(logPath, 'utf8').trim().split('\n').slice(-12)
    const portWasTaken = server.hasEnded() && !(await isFreePort(port))
    await server.stop()
    if (!portWasTaken || attempt === startAttempts) {
      throw new WhetstoneError(
        'WHET_SANDBOX_REDIS_START',
        `Redis did not start on 127.0.0.1:${port}: ${logTail.at(-1) ?? 'no output'}`,
        {
          exitCode: exitCodes.internal,
          logTail,
        },
      )
    }
  }
}

/** It is ours only if it says our process number: another process may have taken the port first. */
async function becomesReady(server: Supervised, port: number): Promise<boolean> {
  const deadlineMs = performance.now() + startTimeoutMs
  while (!server.hasEnded() && performance.now() < deadlineMs) {
    const answer = await ask(port, 'INFO server\r\n', /process_id:\d+\r\n/).catch(() => '')
    if (answer.includes(`process_id:${server.pid}\r\n`)) return true
    await delay(pollIntervalMs)
  }
  return false
}

/** Sends one inline command and resolves with what came until `enough` matched. */
async function ask(port: number, command: string, enough: RegExp): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(command))
    let answer = ''
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer within 1 s')))
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (enough.test(answer)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}
