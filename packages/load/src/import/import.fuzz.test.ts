/** Every importer against ten thousand odd and broken recordings; a million each at night. */
import { describe, expect, it } from 'vitest'
import { importTargets } from './testing/import-fuzz.ts'

/** The same cases each time, so that a build fails for its own change only; new ones are tried at night. */
const SEED = 20_261_121

describe('imports, fuzzed', () => {
  it.each(importTargets)('$name', { timeout: 300_000 }, target => {
    expect(() => target.check(10_000, SEED)).not.toThrow()
  })
})
