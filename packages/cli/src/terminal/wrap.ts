/** Text broken between words, so that no line is wider than the terminal; a single long word stays whole. */
import type { Terminal } from './terminal.ts'

/** Of the whole line, whatever the terminal's own width: reports are pasted elsewhere. */
export const columns = 80

export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line && line.length + word.length + 1 > width) {
      lines.push(line.trimEnd())
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  return line ? [...lines, line] : lines
}

export interface ParagraphOptions {
  readonly indent: number
  /** Before the first line; the following ones begin below its text. */
  readonly mark?: string
  /** The mark as it is written, with colour. */
  readonly paintedMark?: string
  readonly paint?: (text: string) => string
}

export function printParagraph(
  text: string,
  terminal: Terminal,
  { indent, mark = '', paintedMark = mark, paint = plain => plain }: ParagraphOptions,
): void {
  const hanging = indent + (mark ? mark.length + 1 : 0)
  for (const [at, line] of wrap(text, columns - hanging).entries()) {
    const before = at === 0 && mark ? `${' '.repeat(indent)}${paintedMark} ` : ' '.repeat(hanging)
    terminal.out(before + paint(line))
  }
}
