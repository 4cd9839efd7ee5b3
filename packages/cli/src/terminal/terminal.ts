/** Where lines go and what the terminal can show: results to stdout, progress to stderr, colour and redrawing only where they help. */
import { stripVTControlCharacters } from 'node:util'
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
  const mayColour = !noColor && !env['NO_COLOR']
  const unicode = /UTF-?8/i.test(env['LC_ALL'] ?? env['LC_CTYPE'] ?? env['LANG'] ?? '') || Boolean(stdout.isTTY)
  const live = Boolean(stderr.isTTY) && !env['CI']
  // Lines are painted once and written to either stream; the one that is no terminal gets them plain.
  const written = (line: string, stream: NodeJS.WriteStream) => {
    const text = unicode ? masked(line) : inAscii(masked(line))
    return stream.isTTY ? text : stripVTControlCharacters(text)
  }
  let pending = false
  const clear = () => {
    if (pending) stderr.write('\r\u001B[2K')
    pending = false
  }
  return {
    colour: pc.createColors(mayColour && Boolean(stdout.isTTY || stderr.isTTY)),
    marks: unicode ? { ok: '✓', bad: '✗', warn: '!', dot: '·' } : { ok: 'ok', bad: 'x', warn: '!', dot: '-' },
    live,
    out(line = '') {
      clear()
      if (!quietResult) stdout.write(`${written(line, stdout)}\n`)
    },
    progress(line) {
      clear()
      stderr.write(`${written(line, stderr)}\n`)
    },
    transient(line) {
      if (!live) return
      clear()
      stderr.write(written(line, stderr).slice(0, (stderr.columns || 80) - 1))
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

const ascii: Readonly<Record<string, string>> = { '−': '-', µ: 'u', '±': '+-', '…': '...', '·': '-', '×': 'x' }

/** The signs that numbers and excerpts bring with them; names of the service are left as they are. */
function inAscii(line: string): string {
  return line.replace(/[−µ±…·×]/g, sign => ascii[sign] ?? sign)
}
