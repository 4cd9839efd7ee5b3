/** What is measured: a service that runs, by its URL, or the command that starts it. */
import { basename } from 'node:path'
import type { Subject } from '@whetstone/loop'
import { maskSecrets, WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import type { StartOptions } from './service-options.ts'

/** @throws WhetstoneError WHET_NO_TARGET */
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
  if (words.length === 1 && /^https?:\/\//.test(first)) return { kind: 'url', url: first }
  return {
    kind: 'command',
    command: words,
    workingDirectory: context.workingDirectory,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.startTimeout === undefined ? {} : { startTimeoutMs: options.startTimeout }),
  }
}

/** The script's name for `node server.js`, the origin for a URL. */
export function nameOf(subject: Subject): string {
  if (subject.kind === 'url') return maskSecrets(new URL(subject.url).origin)
  const script = subject.command.find(
    (word, index) => index > 0 && !word.startsWith('-') && /\.[cm]?[jt]sx?$/.test(word),
  )
  return basename(script ?? subject.command.at(0) ?? 'service')
}
