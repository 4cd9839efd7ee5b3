/** Runs one short command to its end, as a given user, with bounded time and output. */
import { spawn } from 'node:child_process'
import { WhetstoneError, exitCodes } from '@whetstone/model'
import type { SpawnIdentity } from './identity.ts'

export interface RunOptions {
  readonly as?: SpawnIdentity | undefined
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string
  /** Default 120 000. */
  readonly timeoutMs?: number
}

/** Apt prints thousands of lines; what matters of any of our commands fits in this. */
const outputLimitBytes = 4 * 1024 * 1024

/** Resolves with standard output; rejects with `WHET_SANDBOX_COMMAND` and the last lines of output otherwise. */
export async function runToEnd(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, [...args], {
      ...options.as,
      cwd: options.cwd ?? '/',
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 120_000,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout = (stdout + text).slice(-outputLimitBytes)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-outputLimitBytes)))
    const fail = (reason: string, cause?: unknown) => {
      const logTail = `${stdout}\n${stderr}`.split('\n').filter(Boolean).slice(-12)
      const detail = logTail.at(-1) ?? 'no output'
      reject(
        new WhetstoneError('WHET_SANDBOX_COMMAND', `${command} ${reason}: ${detail}`, {
          cause,
          logTail,
          exitCode: exitCodes.internal,
        }),
      )
    }
    child.on('error', error => fail(`did not start (${error.message})`, error))
    child.on('close', (code, signal) => (code === 0 ? resolve(stdout) : fail(`ended with ${signal ?? String(code)}`)))
    // A command that ends before reading its input makes the pipe fail; its exit status tells the story.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
  })
}
