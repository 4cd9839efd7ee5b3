/** What a person may type for a shape, and what they are told when it cannot be read. */
import { isWhetstoneError } from '@whetstone/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseShape } from './shape-text.ts'

function refusal(text: string): string {
  try {
    parseShape(text)
  } catch (error) {
    if (isWhetstoneError(error))
      return [`${error.code}: ${error.message}`, ...(error.hint?.split('\n') ?? [])].join('\n')
    throw error
  }
  return 'was read'
}

describe('parseShape', () => {
  it.each([
    ['ramp:10..200', { kind: 'ramp', fromPerSecond: 10, toPerSecond: 200 }],
    ['ramp: 0 .. 2.5/s', { kind: 'ramp', fromPerSecond: 0, toPerSecond: 2.5 }],
    ['stairs:50,100,200', { kind: 'stairs', ratesPerSecond: [50, 100, 200] }],
    ['stairs:50/s, 0, 1.5/s', { kind: 'stairs', ratesPerSecond: [50, 0, 1.5] }],
    ['sine:100±50/30s', { kind: 'sine', meanPerSecond: 100, amplitudePerSecond: 50, periodMs: 30_000 }],
    ['sine:100+-100/1.5m', { kind: 'sine', meanPerSecond: 100, amplitudePerSecond: 100, periodMs: 90_000 }],
    ['sine:5±1/2min', { kind: 'sine', meanPerSecond: 5, amplitudePerSecond: 1, periodMs: 120_000 }],
    ['spike:50..500@30s+500ms', { kind: 'spike', basePerSecond: 50, peakPerSecond: 500, atMs: 30_000, lengthMs: 500 }],
  ])('reads %s', (text, shape) => {
    expect(parseShape(text)).toEqual(shape)
  })

  it('says how each is written', () => {
    const slips = [
      '',
      'wave:1',
      'stair:5',
      'ramp:10',
      'ramp:10..-2',
      'stairs:',
      'sine:100±50',
      'spike:50..500@30',
      'toString:1',
    ]
    expect(slips.map(refusal).join('\n\n')).toMatchInlineSnapshot(`
      "WHET_LOAD_SHAPE: '' begins with no shape of load that is known
      write it as ramp:10..200 (evenly from 10 to 200 a second)
      write it as stairs:50,100,200 (three rates, each for a third of the time)
      write it as sine:100±50/30s (between 50 and 150 a second, once around every 30 s)
      write it as spike:50..500@30s+10s (50 a second, and 500 for 10 s, beginning after 30 s)

      WHET_LOAD_SHAPE: 'wave:1' begins with no shape of load that is known
      write it as ramp:10..200 (evenly from 10 to 200 a second)
      write it as stairs:50,100,200 (three rates, each for a third of the time)
      write it as sine:100±50/30s (between 50 and 150 a second, once around every 30 s)
      write it as spike:50..500@30s+10s (50 a second, and 500 for 10 s, beginning after 30 s)

      WHET_LOAD_SHAPE: 'stair:5' begins with no shape of load that is known
      write it as stairs:50,100,200 (three rates, each for a third of the time)

      WHET_LOAD_SHAPE: the ramp 'ramp:10' cannot be read
      write it as ramp:10..200 (evenly from 10 to 200 a second)

      WHET_LOAD_SHAPE: the ramp 'ramp:10..-2' cannot be read
      write it as ramp:10..200 (evenly from 10 to 200 a second)

      WHET_LOAD_SHAPE: the stairs 'stairs:' cannot be read
      write it as stairs:50,100,200 (three rates, each for a third of the time)

      WHET_LOAD_SHAPE: the sine 'sine:100±50' cannot be read
      write it as sine:100±50/30s (between 50 and 150 a second, once around every 30 s)

      WHET_LOAD_SHAPE: the spike 'spike:50..500@30' cannot be read
      write it as spike:50..500@30s+10s (50 a second, and 500 for 10 s, beginning after 30 s)

      WHET_LOAD_SHAPE: 'toString:1' begins with no shape of load that is known
      write it as ramp:10..200 (evenly from 10 to 200 a second)
      write it as stairs:50,100,200 (three rates, each for a third of the time)
      write it as sine:100±50/30s (between 50 and 150 a second, once around every 30 s)
      write it as spike:50..500@30s+10s (50 a second, and 500 for 10 s, beginning after 30 s)"
    `)
  })

  it('refuses what can be read and makes no sense', () => {
    const slips = ['ramp:0..0', 'stairs:0,0', 'sine:10±20/1s', 'sine:10±5/0s', 'spike:5..50@1s+0s', 'ramp:1..900000']
    expect(slips.map(refusal).join('\n')).toMatchInlineSnapshot(`
      "WHET_LOAD_PLAN: the ramp runs from 0 to 0 a second
      WHET_LOAD_PLAN: the stairs have the rates [0, 0]
      WHET_LOAD_PLAN: the sine swings by 20 around 10 a second every 1000 ms
      WHET_LOAD_PLAN: the sine swings by 5 around 10 a second every 0 ms
      WHET_LOAD_PLAN: the spike goes from 5 to 50 a second for 0 ms
      WHET_LOAD_PLAN: the ramp reaches 900000 a second; 200000 is the most"
    `)
  })

  it('never fails on any text but by saying so', () => {
    const noise = fc.oneof(fc.string(), fc.stringMatching(/^(ramp|stairs|sine|spike):[0-9.,±+@/smh -]{0,20}$/))
    fc.assert(
      fc.property(noise, text => {
        expect(refusal(text)).toMatch(/^(was read$|WHET_LOAD_(SHAPE|PLAN): )/)
      }),
      { numRuns: 2_000 },
    )
  })
})
