/** The last line of every command: what to type next. */
import type { RankedFinding } from '@whetstone/model'
import type { Terminal } from './terminal.ts'

export function printNext(command: string, terminal: Terminal): void {
  terminal.out(`  Next: ${command}`)
}

/** After findings were shown: the worst of them explained, or what could not be looked at. */
export function nextAfter(findings: readonly RankedFinding[]): string {
  const [worst] = findings
  return worst ? `whetstone explain ${worst.practice}` : 'whetstone coverage'
}
