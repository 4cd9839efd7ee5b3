/** Test support: what a command is given when a test calls it by itself, and what it then says. */
import type { CommandContext } from '../../context.ts'
import { plainTerminal } from '../../terminal/testing/printed.ts'

/** At the beginning of 1970, in an environment without a variable, by a user who interrupts nothing. */
export const contextIn = (folder: string, more: Partial<CommandContext> = {}): CommandContext => ({
  terminal: plainTerminal(() => {}),
  workingDirectory: folder,
  env: {},
  signal: new AbortController().signal,
  now: () => new Date(0),
  toolVersion: 'whetstone test',
  commandLine: 'whetstone',
  runSaved: () => {},
  json: () => {},
  ...more,
})

/** Result and progress as plain text, and the object of `--json`. */
export async function toldBy(
  command: (context: CommandContext) => unknown,
  folder: string,
): Promise<{ readonly text: string; readonly json: unknown }> {
  let [text, json] = ['', undefined as unknown]
  const terminal = plainTerminal(part => (text += part))
  await command(contextIn(folder, { terminal, json: value => (json = value) }))
  return { text, json }
}
