/** An error as a person needs it: what happened, why we think so, what to type. */
import { exitCodes, isWhetstoneError, type ExitCode } from '@whetstone/model'
import { indent } from './progress.ts'
import type { Terminal } from './terminal.ts'

export function printError(error: unknown, terminal: Terminal, verbose: boolean): ExitCode {
  const mark = terminal.colour.red(terminal.marks.bad)
  if (isWhetstoneError(error)) {
    terminal.progress(`${mark} ${error.message}   (exit ${error.exitCode})`)
    for (const line of error.logTail) terminal.progress(terminal.colour.dim(`    ${line}`))
    if (error.hint) terminal.progress(indent(error.hint, 2))
    if (verbose && error.stack) terminal.progress(error.stack)
    return error.exitCode
  }
  terminal.progress(
    `${mark} internal error: ${error instanceof Error ? error.message : String(error)}   (exit ${exitCodes.internal})`,
  )
  terminal.progress(indent(error instanceof Error ? (error.stack ?? '') : '', 4))
  terminal.progress('  This is a fault of whetstone. Please report it with the lines above.')
  return exitCodes.internal
}
