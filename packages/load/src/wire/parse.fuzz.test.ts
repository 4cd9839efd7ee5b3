/** The response reader against ten thousand made-up and damaged answers; a million at night. */
import { describe, expect, it } from 'vitest'
import { responseTargets } from './testing/response-fuzz.ts'

/** The same cases each time, so that a build fails for its own change only; new ones are tried at night. */
const SEED = 20_261_121

describe('ResponseParser, fuzzed', () => {
  it.each(responseTargets)('$name', target => {
    expect(() => target.check(10_000, SEED)).not.toThrow()
  })
})
