/** Starts the service under test as the user would, finds where it listens, keeps its last lines of output, and always stops all of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { exitCodes, WhetstoneError } from '@whetstone/model'
import { listeningSockets, processTree } from './process-tree.ts'
import { candidates, type PortLayout, type ServerAddress, urlOf } from './service-socket.ts'

export interface TargetOptions {
  readonly command: readonly string[]
  readonly workingDirectory?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default 60 s. */
  readonly startTimeoutMs?: number
  /** A port known before any socket is seen: given by the user. */
  readonly port?: number
  /** HTTP servers reported by the probe; asked again and again while waiting. */
  readonly reportedServers?: () => readonly ServerAddress[]
  /** What the same service listened on before. */
  readonly layout?: PortLayout
  /** Where several sockets may be the service: whether it answers there. Without it the likeliest is taken. */
  readonly isService?: (baseUrl: string) => Promise<boolean>
  readonly signal?: AbortSignal
}

export interface Target {
  readonly baseUrl: string
  readonly port: number
  readonly pid: number
  readonly startedInMs: number
  /** All TCP ports it listens on at this moment. */
  ports(): Promise<readonly number[]>
  /** Newest last, at most 200 lines. */
  readonly logTail: () => readonly string[]
  /** Set once the process has ended by itself. */
  readonly ended: () => string | undefined
  /** SIGTERM to the whole group, SIGKILL after the grace time. What `untilSignal` promises comes first, as close before the signal as can be. */
  stop(graceMs?: number, untilSignal?: () => Promise<void>): Promise<void>
}

const logLines = 200
/** After a socket listens, how long the probe may take to say which one speaks HTTP. */
const probePatienceMs = 5_000
/** After a socket listens, how long those may take that listened before. */
const layoutPatienceMs = 2_000

/** @throws WhetstoneError WHET_TARGET_EXITED, WHET_TARGET_NOT_LISTENING, WHET_TARGET_NOT_FOUND (exit code 3) with the last lines of output */
export async function startTarget(options: TargetOptions): Promise<Target> {
  const [file, ...args] = options.command
  if (!file)
    throw new WhetstoneError('WHET_NO_COMMAND', 'no command was given to start', {
      hint: 'whetstone diagnose -- node server.js',
    })
  const began = performance.now()
  const child = spawn(file, args, {
    cwd: options.workingDirectory,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, so that grandchildren end with it
  })
  const log = keepTail(child)
  let ended: string | undefined
  let failed: Error | undefined
  let listeningSince: number | undefined
  const timeoutMs = options.startTimeoutMs ?? 60_000
  child.once('error', error => (failed = error))
  child.once('exit', (code, signal) => (ended = code === null ? `was ended by ${signal}` : `exited with code ${code}`))
  // Whatever ends us, it must not outlive us: it would go on holding its port and its connections.
  const killGroup = () => signalGroup(child, 'SIGKILL')
  process.once('exit', killGroup)
  const stop = async (graceMs = 2_000, untilSignal?: () => Promise<void>) => {
    await stopGroup(child, graceMs, untilSignal)
    process.off('exit', killGroup)
  }
  try {
    const { baseUrl, port } = await waitForService()
    return {
      baseUrl,
      port,
      ports: async () => [...new Set((await sockets()).map(socket => socket.port))],
      pid: child.pid as number,
      startedInMs: performance.now() - began,
      logTail: () => log,
      ended: () => ended,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }

  async function waitForService(): Promise<{ readonly baseUrl: string; readonly port: number }> {
    while (performance.now() - began < timeoutMs) {
      options.signal?.throwIfAborted()
      if (failed) {
        throw new WhetstoneError('WHET_TARGET_NOT_FOUND', `cannot start '${file}': ${failed.message}`, {
          cause: failed,
          exitCode: exitCodes.target,
          hint: `Check that this runs by itself:\n  ${options.command.join(' ')}`,
        })
      }
      if (ended) {
        const seconds = ((performance.now() - began) / 1_000).toFixed(1)
        throw new WhetstoneError('WHET_TARGET_EXITED', `${options.command.join(' ')} ${ended} after ${seconds} s`, {
          exitCode: exitCodes.target,
          logTail: log.slice(-20),
          hint: exitHint(log, options),
        })
      }
      const service = await findService()
      if (service) return { baseUrl: await urlOf(service), port: service.port }
      await delay(25)
    }
    throw new WhetstoneError(
      'WHET_TARGET_NOT_LISTENING',
      `${options.command.join(' ')} does not listen on any TCP port after ${timeoutMs / 1_000} s`,
      {
        exitCode: exitCodes.target,
        logTail: log.slice(-20),
        hint: 'Is it a server? If it needs longer: --start-timeout 120s. If it runs elsewhere: whetstone diagnose http://127.0.0.1:PORT',
      },
    )
  }

  async function sockets(): Promise<readonly ServerAddress[]> {
    return listeningSockets(child.pid ? processTree(child.pid) : [])
  }

  async function findService(): Promise<ServerAddress | undefined> {
    const open = await sockets()
    if (options.port !== undefined) return open.find(({ port }) => port === options.port)
    if (open.length > 0) listeningSince ??= performance.now()
    const listenedMs = listeningSince === undefined ? -1 : performance.now() - listeningSince
    const waited = listenedMs >= Math.min(patienceMs(), timeoutMs / 2)
    // The probe names HTTP servers; where it is silent (another language, another protocol) any listening socket has to do.
    for (const reported of options.reportedServers?.() ?? []) {
      const socket = open.find(({ port }) => port === reported.port)
      if (socket) return socket
      if (open.length === 0) return reported
    }
    if (options.reportedServers && !waited) return undefined
    const likely = candidates(open, options.layout, waited)
    if (likely.length < 2 || !options.isService) return likely[0]
    for (const socket of likely) if (await options.isService(await urlOf(socket))) return socket
    return waited ? likely[0] : undefined
  }

  function patienceMs(): number {
    if (options.reportedServers) return probePatienceMs
    return options.layout ? layoutPatienceMs : 0
  }
}

function keepTail(child: ChildProcess): string[] {
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    let rest = ''
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n')
      rest = (parts.pop() ?? '').slice(-4_000)
      lines.push(...parts)
      if (lines.length > logLines) lines.splice(0, lines.length - logLines)
    })
    stream?.on('end', () => rest && lines.push(rest))
  }
  return lines
}

function exitHint(log: readonly string[], { command, workingDirectory = process.cwd() }: TargetOptions): string {
  const text = log.join('\n')
  if (/ECONNREFUSED.*:5432/.test(text))
    return 'The database is not running. Start it, or point DATABASE_URL at one that is.'
  if (/EADDRINUSE/.test(text)) return 'Its port is taken. Stop the other process, or set PORT to a free one.'
  const [, missing] = /Cannot find module '([^']+)'/.exec(text) ?? []
  const mistyped = command.find(word => missing !== undefined && resolve(workingDirectory, word) === missing)
  if (mistyped !== undefined) return `There is no ${mistyped} in ${workingDirectory}.`
  if (/Cannot find (module|package)/.test(text)) return 'A module is missing. Run npm ci in the project first.'
  return 'Start it by itself first; its last lines are above.'
}

async function stopGroup(child: ChildProcess, graceMs: number, untilSignal?: () => Promise<void>): Promise<void> {
  const pid = child.pid
  if (pid === undefined) return
  const gone = () => child.exitCode !== null || child.signalCode !== null
  const stragglers = processTree(pid)
  await untilSignal?.()
  signalGroup(child, 'SIGTERM')
  const deadline = performance.now() + graceMs
  while (performance.now() < deadline && !(gone() && !groupAlive(pid))) await delay(10)
  signalGroup(child, 'SIGKILL')
  // Some servers start helpers in groups of their own; those die by their own ids.
  for (const straggler of stragglers) {
    try {
      if (processTree(straggler).length > 0 && straggler !== pid) process.kill(straggler, 'SIGKILL')
    } catch {
      // already gone
    }
  }
  while (!gone() && performance.now() < deadline + 2_000) await delay(10)
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // the group is empty
  }
}

function groupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0)
    return true
  } catch {
    return false
  }
}
