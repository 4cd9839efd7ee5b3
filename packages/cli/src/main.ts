#!/usr/bin/env node
/** The command line: parses, runs one command, turns its outcome into an exit code, and always ends what it started. */
import { exitCodes, isWhetstoneError } from '@whetstone/model'
import { CommanderError } from 'commander'
import { withUrlLast } from './command-line.ts'
import { createProgram } from './program.ts'
import { printError } from './terminal/error.ts'
import { createTerminal } from './terminal/terminal.ts'

const interrupt = new AbortController()
/** After this the process ends whatever still hangs; a load on a busy machine needs a few seconds to hand over what it has. */
const interruptGraceMs = 6_000
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted)
    interrupt.abort(new Error('interrupted'))
    setTimeout(() => {
      sayInterrupted()
      process.exit(exitCodes.interrupted)
    }, interruptGraceMs).unref()
  })
}
process.stdout.on('error', () => process.exit(exitCodes.ok)) // `whetstone … | head` is no failure

const words = process.argv.slice(2)
const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words
const terminal = createTerminal({
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  noColor: own.includes('--no-color'),
  quietResult: own.includes('--json'),
})

let exitCode: number = exitCodes.ok
let savedRun: string | undefined
let nothingSaved = 'Interrupted. No run was saved.'
try {
  const program = createProgram({
    terminal,
    signal: interrupt.signal,
    words,
    setExitCode: code => (exitCode = code),
    runSaved: id => (savedRun = id),
  })
  await program.parseAsync(withUrlLast(words, program), { from: 'user' })
} catch (error) {
  if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  else if (!interrupt.signal.aborted) exitCode = printError(error, terminal, own.includes('--verbose'))
  else if (isWhetstoneError(error) && error.code === 'WHET_LOAD_STOPPED') nothingSaved = sentence(error.message)
}
if (interrupt.signal.aborted) {
  sayInterrupted()
  exitCode = exitCodes.interrupted
}
// Sockets of idle keep-alive connections must not hold the shell.
process.stdout.write('', () => process.exit(exitCode))

function sayInterrupted(): void {
  terminal.progress(
    savedRun === undefined
      ? `  ${nothingSaved}`
      : `  Interrupted. What was measured so far is kept: whetstone report ${savedRun}`,
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
