/** A command with the service it is about, as it can be typed: the flags before `--`, or they would be the service's own. */
import { shellWord } from '../command-line.ts'

export function commandFor(command: string, words: readonly string[], url: string): string {
  const [first = url] = words
  const isUrl = words.length <= 1 && /^https?:/.test(first)
  return `whetstone ${command} ${isUrl ? shellWord(first) : `-- ${words.map(shellWord).join(' ')}`}`
}
