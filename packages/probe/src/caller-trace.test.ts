/** A caller's trace id becomes the beginning of the kept trace's own. */
import { describe, expect, it } from 'vitest'
import { callerPriority } from './caller-trace.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`

describe('callerPriority', () => {
  it('holds the first 52 bits of the trace id, whatever the case of the name', () => {
    for (const name of ['traceparent', 'Traceparent', 'TRACEPARENT']) {
      const priority = callerPriority(['Host', 'a', name, traceparent])!
      expect(priority).toBeLessThan(1)
      expect(
        Math.floor(priority * 2 ** 52)
          .toString(16)
          .padStart(13, '0'),
      ).toBe(traceId.slice(0, 13))
    }
  })

  it.each([
    ['there is none', ['Host', 'a', 'tracestate', 'x=1']],
    ['it is no trace parent', ['traceparent', 'what']],
    ['its id is too short', ['traceparent', '00-4bf92f-00f067aa0ba902b7-01']],
    ['the name stands where a value does', ['x', 'traceparent']],
  ])('is unknown where %s', (_name, rawHeaders) => {
    expect(callerPriority(rawHeaders)).toBeUndefined()
  })
})
