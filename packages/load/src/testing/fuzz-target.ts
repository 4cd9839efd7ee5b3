/** A property that holds for whatever a stranger sends: run a little in the tests and a lot at night (`npm run -w @whetstone/load fuzz`). */
import fc from 'fast-check'

export interface FuzzTarget {
  /** What it is that must hold, as a sentence. */
  readonly name: string
  /** Throws with the smallest case found, the seed and the path that repeat it. */
  check(runs: number, seed?: number): void
}

export function fuzzTarget<T>(name: string, cases: fc.Arbitrary<T>, holds: (given: T) => void): FuzzTarget {
  return {
    name,
    check: (runs, seed) => fc.assert(fc.property(cases, holds), { numRuns: runs, ...(seed !== undefined && { seed }) }),
  }
}
