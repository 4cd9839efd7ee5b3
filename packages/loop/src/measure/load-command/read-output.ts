/** Finds among the outputs of a load command the one that some reader understands. */
import { readAb } from './ab.ts'
import { readAutocannon } from './autocannon.ts'
import { readJtl } from './jmeter.ts'
import { readK6Points, readK6Summary } from './k6.ts'
import type { ToolReading } from './tool-reading.ts'
import { readWrk } from './wrk.ts'

/** Those that know every request come before those that know sums. */
const readers: readonly ((text: string) => ToolReading | undefined)[] = [
  readK6Points,
  readJtl,
  readK6Summary,
  readWrk,
  readAb,
  readAutocannon,
]

/** @param texts files that the command wrote, then what it printed */
export function readOutput(texts: readonly string[]): ToolReading | undefined {
  for (const text of texts) {
    for (const read of readers) {
      const reading = read(text)
      if (reading !== undefined && reading.requests > 0) return reading
    }
  }
  return undefined
}
