/** The command line as it may be shown and kept: values that are secrets by nature do not appear in it. */
import { maskSecrets } from '@whetstone/model'
import type { Command } from 'commander'

/** What comes after the name of a header or the path of a login is nobody's business, whatever it is called. */
const secretValues: Readonly<Record<string, (value: string) => string>> = {
  '--header': value => value.replace(/:.*$/s, ': ***'),
  '--login': value => value.replace(/^(\S+\s+\S+).+$/s, '$1 ***'),
}

export function shownCommandLine(words: readonly string[]): string {
  const shown = words.map((word, at) => {
    const [, flag, value] = /^(--[\w-]+)=(.*)$/s.exec(word) ?? []
    const plain =
      flag !== undefined && value !== undefined
        ? `${flag}=${(secretValues[flag] ?? maskSecrets)(value)}`
        : (secretValues[words[at - 1] ?? ''] ?? maskSecrets)(word)
    return shellWord(plain)
  })
  return maskSecrets(['whetstone', ...shown].join(' '))
}

/** As it must be typed in a shell: quoted where it has to be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./*-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/**
 * What follows the command of a service is the service's own, flags and all. Nothing of its own can follow a URL, so the
 * URL goes last and the flags behind it are ours: `diagnose http://127.0.0.1:8080 --db …`.
 */
export function withUrlLast(words: readonly string[], program: Command): readonly string[] {
  const at = words.findIndex(word => !word.startsWith('-'))
  const command = program.commands.find(known => known.name() === words[at])
  if (command?.name() !== 'diagnose') return words
  const target = firstOperand(words, at + 1, command)
  const url = words[target]
  if (url === undefined || !/^https?:\/\//i.test(url) || words.includes('--')) return words
  return [...words.slice(0, target), ...words.slice(target + 1), url]
}

function firstOperand(words: readonly string[], from: number, command: Command): number {
  const takesValue = new Set(command.options.filter(option => option.required).map(option => option.long))
  let at = from
  while (words[at]?.startsWith('-')) at += takesValue.has(words[at]) ? 2 : 1
  return at
}
