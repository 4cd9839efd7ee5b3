/** Fuzzes every reader of foreign input for a night: `npm run -w @whetstone/load fuzz [-- <cases> [<seed>]]`, a million cases each by default. */
import { performance } from 'node:perf_hooks'
import { importTargets } from '../src/import/testing/import-fuzz.ts'
import type { FuzzTarget } from '../src/testing/fuzz-target.ts'
import { eventStreamTargets } from '../src/wire/testing/event-stream-fuzz.ts'
import { responseTargets } from '../src/wire/testing/response-fuzz.ts'

/** One line for each reader. */
const targets: readonly FuzzTarget[] = [...responseTargets, ...eventStreamTargets, ...importTargets]

const CASES = 1_000_000
const [cases = CASES, seed = Date.now() & 0x7fffffff] = process.argv.slice(2).map(Number)

console.log(`${cases} cases each, seed ${seed}`)
let broken = 0
for (const target of targets) {
  const startedMs = performance.now()
  try {
    target.check(cases, seed)
    console.log(`holds   ${target.name} (${((performance.now() - startedMs) / 1000).toFixed(0)} s)`)
  } catch (error) {
    broken++
    console.log(`BROKEN  ${target.name}\n${(error as Error).message}`)
  }
}
process.exitCode = broken === 0 ? 0 : 1
