/** Importers against sixteen thousand odd and broken recordings; a million each at night. */
import { describe, expect, it } from 'vitest'
import { importTargets } from './testing/import-fuzz.ts'

describe('imports, fuzzed', () => {
  it.each(importTargets)('$name', { timeout: 300_000 }, target => {
    expect(() => target.check(2_000)).not.toThrow()
  })
})
