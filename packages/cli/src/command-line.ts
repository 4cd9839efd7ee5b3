/** The command line as it may be shown and kept: values that are secrets by nature do not appear in it. */
import { maskSecrets } from '@whetstone/model'

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
