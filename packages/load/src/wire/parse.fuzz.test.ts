/** The response reader against ten thousand made-up and damaged answers; a million at night. */
import { describe, expect, it } from 'vitest'
import { responseTargets } from './testing/response-fuzz.ts'

describe('ResponseParser, fuzzed', () => {
  it.each(responseTargets)('$name', target => {
    expect(() => target.check(10_000)).not.toThrow()
  })
})
