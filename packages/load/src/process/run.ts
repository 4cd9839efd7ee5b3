/** Runs a plan in a process of its own and hands back its result. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { exitCodes, WhetstoneError } from '@whetstone/model'
import type { LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'
import { checkPlan } from '../plan.ts'
import type { RunOptions } from '../run-in-process.ts'
import type { FromLoadProcess, ToLoadProcess } from './messages.ts'

/** After a stop, how long the load process may take to hand over what it has. */
const STOP_GRACE_MS = 2000
/** And how long its scenario may take to set up, or to tear down what it set up. */
const SCENARIO_GRACE_MS = 10_000
const LOG_TAIL_LINES = 20

export interface ProcessOptions extends RunOptions {
  /** How many share the load, each with an engine and an event loop of its own. Default 1. */
  readonly threads?: number
}

/**
 * Resolves with the result, also when `signal` stops it early (`stopped: 'aborted'`). Rejects with `WHET_LOAD_PLAN` for a
 * plan that cannot be carried out, `WHET_LOAD_STOPPED` when it was stopped before the first figures, and `WHET_LOAD_DIED` when
 * the load process ended without a result.
 */
export function run(plan: LoadPlan, options: ProcessOptions = {}): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    checkPlan(plan)
    const child = startChild()
    const log = tailOf(child)
    let killer: NodeJS.Timeout | undefined
    let begun = false
    let measuring = false
    let measured: LoadResult | undefined
    const stop = () => {
      if (begun) {
        say(child, { kind: 'stop' })
        const graceMs = measuring && measured === undefined ? STOP_GRACE_MS : SCENARIO_GRACE_MS
        killer = setTimeout(() => child.kill('SIGKILL'), graceMs)
        return
      }
      // Nothing was measured yet, and a process that is still loading its modules would not hear us in time.
      settle(() => reject(stoppedEarly()))
      child.kill('SIGKILL')
    }
    const finished = (result: LoadResult) => (nothingSent(result) ? reject(stoppedEarly()) : resolve(result))
    const settle = (finish: () => void) => {
      clearTimeout(killer)
      options.signal?.removeEventListener('abort', stop)
      finish()
    }
    child.on('message', (message: FromLoadProcess) => {
      begun = true
      if (message.kind === 'begun') return
      measuring = true
      if (message.kind === 'measured') {
        measured = message.result
        if (killer === undefined) return
        clearTimeout(killer)
        killer = setTimeout(() => child.kill('SIGKILL'), SCENARIO_GRACE_MS)
      } else if (message.kind === 'interval') options.onInterval?.(message.interval)
      else if (message.kind === 'second') options.onSecond?.(message.second, () => say(child, { kind: 'breach' }))
      else if (message.kind === 'result') settle(() => finished(message.result))
      else settle(() => reject(failureOf(message)))
    })
    child.on('error', error => settle(() => reject(died(`could not be started: ${error.message}`, log(), error))))
    // A settled promise ignores this; without a result it is the only sign that the process is gone.
    child.on('close', (code, signal) =>
      settle(() => {
        if (measured === undefined) return reject(died(`ended with ${signal ?? `code ${code}`} and no result`, log()))
        const warning = 'the teardown did not end in time'
        finished({ ...measured, warnings: [...(measured.warnings ?? []), warning] })
      }),
    )
    say(child, { kind: 'run', plan, seconds: options.onSecond !== undefined, threads: options.threads ?? 1 })
    if (options.signal?.aborted) stop()
    else options.signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Stopped while it got ready: there are no figures to speak of. */
function nothingSent({ stopped, warmUp, measure }: LoadResult): boolean {
  return stopped === 'aborted' && measure.sent === 0 && (warmUp?.sent ?? 0) === 0
}

function startChild(): ChildProcess {
  const fromSource = import.meta.url.endsWith('.ts')
  const entry = fileURLToPath(new URL(fromSource ? './child.ts' : './child.js', import.meta.url))
  const execArgv = fromSource ? ['--conditions=@whetstone/source', '--import', sourceLoader()] : []
  // Options meant for the service under test (our probe among them) must not reach the generator.
  const { NODE_OPTIONS: _forTheService, ...env } = process.env
  return fork(entry, [], { execArgv, env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'], serialization: 'advanced' })
}

/** The address of tsx seen from here: by its bare name it would be looked up from the working directory. */
function sourceLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm')).href
}

function say(child: ChildProcess, message: ToLoadProcess): void {
  // A failure to send means that the process is ending, which `close` reports.
  child.send(message, () => {})
}

function tailOf(child: ChildProcess): () => string[] {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => (text = (text + piece).slice(-8192)))
  return () => text.split('\n').filter(Boolean).slice(-LOG_TAIL_LINES)
}

function died(how: string, logTail: readonly string[], cause?: unknown): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_DIED', `the load process ${how}`, {
    exitCode: exitCodes.internal,
    logTail,
    cause,
  })
}

function stoppedEarly(): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_STOPPED', 'the load was stopped before the first request', {
    exitCode: exitCodes.interrupted,
  })
}

function failureOf({ code, message, hint }: Extract<FromLoadProcess, { kind: 'failed' }>): WhetstoneError {
  const exitCode = code === 'WHET_LOAD_DEFECT' ? exitCodes.internal : exitCodes.usage
  return new WhetstoneError(code, message, { exitCode, ...(hint === undefined ? {} : { hint }) })
}
