/** Where lines go and what the terminal can show: results to stdout, progress to stderr, colour and redrawing only where they help. */
import { maskSecrets } from '@whetstone/model'
import pc from 'picocolors'

export interface Terminal {
  readonly colour: ReturnType<typeof pc.createColors>
  readonly marks: { readonly ok: string; readonly bad: string; readonly warn: string; readonly dot: string }
  /** Redraws the last progress line in place. */
  readonly live: boolean
  /** A line of the result. */
  out(line?: string): void
  /** A line of progress, kept. */
  progress(line: string): void
  /** A line of progress that the next one replaces; written only where `live`. */
  transient(line: string): void
}

export interface TerminalEnvironment {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
  /** `--no-color` was given. */
  readonly noColor?: boolean
  /** `--json`: nothing but the object goes to stdout. */
  readonly quietResult?: boolean
}

export function createTerminal({
  stdout,
  stderr,
  env,
  noColor = false,
  quietResult = false,
}: TerminalEnvironment): Terminal {
  const coloured = !noColor && !env['NO_COLOR'] && Boolean(stdout.isTTY)
  const unicode = /UTF-?8/i.test(env['LC_ALL'] ?? env['LC_CTYPE'] ?? env['LANG'] ?? '') || Boolean(stdout.isTTY)
  const live = Boolean(stderr.isTTY) && !env['CI']
  let pending = false
  const clear = () => {
    if (pending) stderr.write('\r\u001B[2K')
    pending = false
  }
  return {
    colour: pc.createColors(coloured),
    marks: unicode ? { ok: '✓', bad: '✗', warn: '!', dot: '·' } : { ok: 'ok', bad: 'x', warn: '!', dot: '-' },
    live,
    out(line = '') {
      clear()
      if (!quietResult) stdout.write(`${masked(line)}\n`)
    },
    progress(line) {
      clear()
      stderr.write(`${masked(line)}\n`)
    },
    transient(line) {
      if (!live) return
      clear()
      stderr.write(masked(line).slice(0, (stderr.columns || 80) - 1))
      pending = true
    },
  }
}

const escape = '\u001B'
const colourCode = new RegExp(`(${escape}\\[[\\d;]*m)`)

/** The one place where text leaves for the screen. Piece by piece between colours, which would hide the beginning of a line from the masking. */
function masked(line: string): string {
  return line
    .split(colourCode)
    .map((piece, at) => (at % 2 === 0 ? maskSecrets(piece) : piece))
    .join('')
}
