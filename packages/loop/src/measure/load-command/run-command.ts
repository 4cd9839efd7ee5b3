/** Runs somebody's load tool against the service, bounded in time and output, and ends all of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WhetstoneError } from '@whetstone/model'
import { cpuTimeMs } from '../../validate/cpu-time.ts'
import { type PreparedCommand, prepareCommand } from './command-line.ts'

export interface CommandOptions {
  readonly text: string
  readonly baseUrl: string
  readonly workingDirectory: string
  /** The command is asked to end after this; most tools then print what they have. */
  readonly durationMs: number
  /** Then it is killed. Default 10 s. */
  readonly graceMs?: number
  readonly onSecond?: (elapsedMs: number) => void
  readonly signal: AbortSignal
}

export interface CommandResult {
  readonly startedAt: Date
  readonly elapsedMs: number
  /** Files the command wrote its figures to, then what it printed. */
  readonly texts: readonly string[]
  /** Newest last. */
  readonly logTail: readonly string[]
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  /** It did not end by itself in time. */
  readonly stopped: boolean
  /** Of one core; undefined where nothing tells. */
  readonly cpuFraction: number | undefined
  readonly paths: readonly string[]
}

const DEFAULT_GRACE_MS = 10_000
/** A tool that runs for exactly the duration needs a moment to start and to print. */
const SLACK_MS = 3_000
const MAX_PRINTED_CHARACTERS = 4_000_000
const MAX_FILE_BYTES = 400_000_000

/** @throws WhetstoneError WHET_LOAD_COMMAND when it cannot be started */
export async function runLoadCommand(options: CommandOptions): Promise<CommandResult> {
  const folder = await mkdtemp(join(tmpdir(), 'whetstone-load-'))
  try {
    const prepared = prepareCommand(options.text, { baseUrl: options.baseUrl, outputFile: join(folder, 'out') })
    return await run(prepared, options)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function run(prepared: PreparedCommand, options: CommandOptions): Promise<CommandResult> {
  const startedAt = new Date()
  const began = performance.now()
  const child = spawn(prepared.file, [...prepared.args], {
    cwd: options.workingDirectory,
    env: { ...process.env, ...prepared.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, so that what it starts ends with it
  })
  const output = collect(child.stdout)
  const errors = collect(child.stderr)
  let cpuMs: number | undefined
  const ended = new Promise<{ readonly code: number | null; readonly failed?: Error }>(done => {
    child.once('error', failed => done({ code: null, failed }))
    child.once('close', code => done({ code }))
  })
  const killGroup = () => signalGroup(child, 'SIGKILL')
  process.once('exit', killGroup)
  let stopped = false
  const watch = setInterval(() => {
    options.onSecond?.(performance.now() - began)
    if (child.pid !== undefined)
      void cpuTimeMs(child.pid).then(spent => (cpuMs = Math.max(cpuMs ?? 0, spent ?? 0) || cpuMs))
  }, 500)
  const over = new AbortController()
  const bound = stopInTime(child, options, over.signal, () => (stopped = true))
  try {
    const { code, failed } = await ended
    if (failed) {
      throw new WhetstoneError(
        'WHET_LOAD_COMMAND',
        `cannot start the load command '${prepared.file}': ${failed.message}`,
        {
          cause: failed,
          hint: 'check that it runs by itself; --load takes one command, with $URL for the address',
        },
      )
    }
    const elapsedMs = performance.now() - began
    return {
      startedAt,
      elapsedMs,
      texts: [...(await filesOf(prepared.outputs, options.workingDirectory, startedAt)), output.text(), errors.text()],
      logTail: `${output.text()}\n${errors.text()}`
        .split('\n')
        .filter(line => line.trim() !== '')
        .slice(-20),
      exitCode: code ?? undefined,
      stopped,
      cpuFraction: cpuMs === undefined ? undefined : cpuMs / elapsedMs,
      paths: prepared.paths,
    }
  } finally {
    clearInterval(watch)
    over.abort()
    await bound
    // What it left running in its group.
    killGroup()
    process.off('exit', killGroup)
  }
}

/** First asked, then killed: wrk, ab and k6 print their figures when they are interrupted. */
async function stopInTime(
  child: ChildProcess,
  options: CommandOptions,
  over: AbortSignal,
  onStop: () => void,
): Promise<void> {
  const waits = AbortSignal.any([over, options.signal])
  const slept = await delay(options.durationMs + SLACK_MS, 'time', { signal: waits }).catch(() => 'signal')
  if (over.aborted) return
  onStop()
  signalGroup(child, 'SIGINT')
  const graceMs = slept === 'time' ? (options.graceMs ?? DEFAULT_GRACE_MS) : 2_000
  await delay(graceMs, undefined, { signal: over }).catch(() => undefined)
  if (!over.aborted) signalGroup(child, 'SIGKILL')
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // the group is empty
  }
}

/** The end of what is printed: figures come last. */
function collect(stream: NodeJS.ReadableStream | null): { text(): string } {
  let text = ''
  stream?.setEncoding('utf8')
  stream?.on('data', (chunk: string) => {
    text += chunk
    if (text.length > 2 * MAX_PRINTED_CHARACTERS) text = text.slice(-MAX_PRINTED_CHARACTERS)
  })
  return { text: () => text }
}

/** Only what this run wrote: a file of yesterday is of another run. */
async function filesOf(names: readonly string[], folder: string, startedAt: Date): Promise<string[]> {
  const texts: string[] = []
  for (const name of names) {
    const path = resolve(folder, name)
    const found = await stat(path).catch(() => undefined)
    // File systems keep times to the second or so.
    if (!found?.isFile() || found.size > MAX_FILE_BYTES || found.mtimeMs < startedAt.getTime() - 2_000) continue
    texts.push(await readFile(path, 'utf8').catch(() => ''))
  }
  return texts
}
