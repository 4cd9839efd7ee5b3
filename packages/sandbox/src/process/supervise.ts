/** Runs a server that cannot outlive us: a small shell holds a pipe to this process and stops the server when the pipe closes. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Socket } from 'node:net'
import type { SpawnIdentity } from './identity.ts'

export interface SuperviseOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly as?: SpawnIdentity | undefined
  /** Where the server's output goes; the file exists from the start. */
  readonly logPath: string
  /** Sent when we stop or die. */
  readonly stopSignal: 'INT' | 'QUIT' | 'TERM'
  /** A server that has not ended this long after the signal gets SIGKILL. Default 8000, in steps of 100. */
  readonly graceMs?: number
  /** Removed after the server has ended and we have let go of it, also when we were killed. */
  readonly removeFolder?: string | undefined
}

export interface Supervised {
  readonly pid: number
  /** Resolves when the server has ended, for whatever reason; its folder still stands then, so that the log can be read. */
  readonly ended: Promise<void>
  readonly hasEnded: () => boolean
  /** Ends the server if it runs and removes its folder; may be called twice. */
  readonly stop: () => Promise<void>
}

/**
 * Descriptor 0 is the lifeline: reading from it returns when this process stops or dies, SIGKILL included. Descriptor 3 tells us the
 * server's pid, then that it has ended. The reader is a second shell, because a shell cannot wait for a child and a pipe at once.
 * SIGPIPE is ignored only after the server was started, so that the server does not inherit that.
 */
const watchdog = `
signal=$1; rounds=$2; log=$3; folder=$4; shift 4
exec 4<&0 </dev/null
: >>"$log"
"$@" >>"$log" 2>&1 3>&- 4<&- &
server=$!
(
  read -r _ <&4
  kill -"$signal" "$server"
  while kill -0 "$server" && [ "$rounds" -gt 0 ]; do sleep 0.1; rounds=$((rounds - 1)); done
  kill -KILL "$server"
) 3>&- >/dev/null 2>&1 &
reader=$!
trap '' PIPE
echo "$server" >&3
wait "$server"
kill "$reader" 2>/dev/null
echo ended >&3 2>/dev/null
read -r _ <&4
if [ -n "$folder" ]; then rm -rf "$folder" 2>/dev/null; fi
exit 0
`

export async function supervise(options: SuperviseOptions): Promise<Supervised> {
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      watchdog,
      'whetstone-watchdog',
      options.stopSignal,
      String(Math.ceil((options.graceMs ?? 8000) / 100)),
      options.logPath,
      options.removeFolder ?? '',
      options.command,
      ...options.args,
    ],
    // Detached, so that Ctrl-C at the terminal reaches us alone and we stop our servers in order.
    { ...options.as, cwd: '/', env: options.env, stdio: ['pipe', 'ignore', 'ignore', 'pipe'], detached: true },
  )
  const lifeline = child.stdio[0] as Socket
  const news = child.stdio[3] as Socket
  lifeline.on('error', () => undefined)
  news.on('error', () => undefined)
  const gone = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => resolve())
  })
  let over = false
  const { firstLine, secondLine } = twoLines(news)
  const ended = Promise.race([secondLine, gone]).then(() => void (over = true))
  ended.catch(() => undefined)
  const pid = await Promise.race([firstLine.then(Number), gone.then(() => -1)])
  // A program that forgets to stop its server may still end; the watchdog then does the rest.
  child.unref()
  lifeline.unref()
  news.unref()
  return {
    pid,
    ended,
    hasEnded: () => over,
    async stop() {
      child.ref()
      lifeline.destroy()
      await gone
    },
  }
}

function twoLines(stream: Socket): { readonly firstLine: Promise<string>; readonly secondLine: Promise<string> } {
  const lines = createInterface({ input: stream })
  let first: (line: string) => void
  let second: (line: string) => void
  const firstLine = new Promise<string>(resolve => (first = resolve))
  const secondLine = new Promise<string>(resolve => (second = resolve))
  lines.once('line', line => {
    lines.once('line', next => second(next))
    first(line)
  })
  return { firstLine, secondLine }
}
