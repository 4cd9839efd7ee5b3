/** A command with the service it is about, as it can be typed: the flags before `--`, or they would be the service's own. */
import { shellWord } from '../command-line.ts'

/** @param flags those that were typed and go with it, as {@link flagsOf} gives them */
export function commandFor(command: string, words: readonly string[], url: string, flags = ''): string {
  const [first = url] = words
  const isUrl = words.length <= 1 && /^https?:/.test(first)
  const whole = flags === '' ? command : `${command} ${flags}`
  return `whetstone ${whole} ${isUrl ? shellWord(first) : `-- ${words.map(shellWord).join(' ')}`}`
}
