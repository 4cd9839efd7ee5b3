/** What every command is given: where to print, where runs live, when to stop. */
import { join } from 'node:path'
import type { Terminal } from './terminal/terminal.ts'

export interface CommandContext {
  readonly terminal: Terminal
  readonly workingDirectory: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  readonly now: () => Date
  readonly toolVersion: string
  /** The command line as typed, secrets masked. */
  readonly commandLine: string
  /** Told as soon as a run can be read again, by its id. */
  readonly runSaved: (id: string) => void
  /** Writes the one JSON object of `--json`. */
  readonly json: (value: unknown) => void
}

/** The `.whetstone` folder of the project. */
export function baseFolder(context: CommandContext): string {
  return join(context.workingDirectory, '.whetstone')
}
