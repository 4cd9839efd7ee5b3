/** What is measured: a service that runs, by its URL, or the command that starts it. */
import { basename } from 'node:path'
import type { Subject } from '@whetstone/loop'
import { maskSecrets, WhetstoneError } from '@whetstone/model'
import { shellWord } from '../command-line.ts'
import type { CommandContext } from '../context.ts'
import type { StartOptions } from './service-options.ts'

/** @throws WhetstoneError WHET_NO_TARGET, WHET_URL for an address without its scheme, WHET_FLAG for a URL and a command */
export function subjectOf(
  command: string,
  words: readonly string[],
  options: StartOptions,
  context: CommandContext,
): Subject {
  const [first] = words
  if (first === undefined) {
    throw new WhetstoneError('WHET_NO_TARGET', 'no service was named', {
      hint: `whetstone ${command} -- node server.js\nwhetstone ${command} http://127.0.0.1:3000`,
    })
  }
  if (/^https?:\/\//i.test(first)) {
    if (words.length === 1) return { kind: 'url', url: first }
    throw new WhetstoneError('WHET_FLAG', 'a URL or a command, not both', {
      hint: `whetstone ${command} ${shellWord(maskSecrets(first))}, for a service that runs\nwhetstone ${command} -- …, for one to be started; --port says where it listens`,
    })
  }
  // `whetstone load capacity URL`: a program of that name would have to be named by its path.
  if (words.length > 1 && measuringCommands.includes(first)) {
    const rest = words.slice(1).map(word => shellWord(maskSecrets(word)))
    const service = /^https?:\/\//i.test(words[1]!) ? rest : ['--', ...rest]
    throw new WhetstoneError('WHET_FLAG', `'${first}' is a command of its own, no kind of ${command}`, {
      hint: `whetstone ${[first, ...service].join(' ')}`,
    })
  }
  if (looksLikeAddress(first))
    throw new WhetstoneError('WHET_URL', `service '${first}' is no URL: it does not begin with http://`, {
      hint: `did you mean whetstone ${command} ${shellWord(`http://${first}`)}?`,
    })
  return {
    kind: 'command',
    command: words,
    workingDirectory: context.workingDirectory,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.startTimeout === undefined ? {} : { startTimeoutMs: options.startTimeout }),
  }
}

const measuringCommands: readonly string[] = ['capacity', 'diagnose', 'load', 'trial']

/** No program is called like this. */
function looksLikeAddress(word: string): boolean {
  return /^(localhost|\d+(\.\d+){3}|\[[\da-f:]+\])(:\d+)?(\/|$)|^[\w.-]+:\d+(\/|$)/i.test(word)
}

/** The script's name for `node server.js`, the origin for a URL. */
export function nameOf(subject: Subject): string {
  if (subject.kind === 'url') return maskSecrets(new URL(subject.url).origin)
  const script = subject.command.find(
    (word, index) => index > 0 && !word.startsWith('-') && /\.[cm]?[jt]sx?$/.test(word),
  )
  return basename(script ?? subject.command.at(0) ?? 'service')
}
