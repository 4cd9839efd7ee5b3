/** Splits shell text into commands and their words as bash would, without running anything: quotes, escapes, comments, continued lines. */

export interface ShellCommand {
  readonly words: readonly string[]
  /** Of its first word, from 1. */
  readonly line: number
}

const ANSI_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\u0007',
  b: '\b',
  e: '\u001b',
  E: '\u001b',
  f: '\f',
  v: '\v',
}

/** Commands end at a line's end, `;`, `&` and `|`. A quote that is never closed ends with the text. */
export function shellCommands(text: string): ShellCommand[] {
  const commands: ShellCommand[] = []
  let words: string[] = []
  let word: string | undefined
  let line = 1
  let commandLine = 1
  const endWord = () => {
    if (word !== undefined) words.push(word)
    word = undefined
  }
  const endCommand = () => {
    endWord()
    if (words.length > 0) commands.push({ words, line: commandLine })
    words = []
  }
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    const isBlank = character === ' ' || character === '\t' || character === '\r'
    if (character === '\\' && (text[at + 1] === '\n' || text.startsWith('\r\n', at + 1))) {
      at += text[at + 1] === '\n' ? 1 : 2
      line++
    } else if (character === '\n') {
      endCommand()
      line++
    } else if (character === ';' || character === '&' || character === '|') endCommand()
    else if (isBlank) endWord()
    else if (character === '#' && word === undefined) {
      while (at + 1 < text.length && text[at + 1] !== '\n') at++
    } else {
      if (word === undefined && words.length === 0) commandLine = line
      const piece = pieceAt(text, at)
      for (const one of piece.text) if (one === '\n') line++
      word = (word ?? '') + piece.text
      at = piece.end - 1
    }
  }
  endCommand()
  return commands
}

interface Piece {
  readonly text: string
  /** Where reading goes on. */
  readonly end: number
}

function pieceAt(text: string, at: number): Piece {
  const character = text[at]!
  if (character === "'") return singleQuoted(text, at + 1)
  if (character === '"') return doubleQuoted(text, at + 1)
  if (character === '$' && text[at + 1] === "'") return ansiQuoted(text, at + 2)
  if (character === '\\') return { text: text[at + 1] ?? '', end: at + 2 }
  return { text: character, end: at + 1 }
}

function singleQuoted(text: string, from: number): Piece {
  const close = text.indexOf("'", from)
  const end = close === -1 ? text.length : close
  return { text: text.slice(from, end), end: end + 1 }
}

function doubleQuoted(text: string, from: number): Piece {
  let read = ''
  let at = from
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] !== '\\') read += text[at]!
    else if (text[at + 1] === '\n') at++
    else if (/["\\$`]/.test(text[at + 1] ?? '')) read += text[++at]!
    else read += '\\'
  }
  return { text: read, end: at + 1 }
}

/** `$'…'`, as browsers copy a body with quotes or characters beyond ASCII in it. */
function ansiQuoted(text: string, from: number): Piece {
  let read = ''
  let at = from
  while (at < text.length && text[at] !== "'") {
    if (text[at] !== '\\') {
      read += text[at++]!
      continue
    }
    const code = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3}))/.exec(
      text.slice(at + 1, at + 10),
    )
    if (code === null) {
      const escaped = text[at + 1] ?? ''
      read += ANSI_ESCAPES[escaped] ?? escaped
      at += 2
    } else {
      const point = code[4] === undefined ? parseInt(code[1] ?? code[2] ?? code[3]!, 16) : parseInt(code[4], 8)
      read += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
      at += 1 + code[0].length
    }
  }
  return { text: read, end: at + 1 }
}
