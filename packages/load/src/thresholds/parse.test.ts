/** A limit is read as it was meant, or refused with the character and with a text that can be read. */
import fc from 'fast-check'
import { WhetstoneError } from '@whetstone/model'
import type { LoadThreshold } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { parseThreshold } from './parse.ts'

type Read = Omit<LoadThreshold, 'text'>
const p95: Read = { metric: { kind: 'response', quantile: 0.95 }, comparison: '<', limit: 300, abort: false }
const errors: Read = { metric: { kind: 'errors' }, comparison: '<', limit: 0.001, abort: false }

function refusal(text: string): { message: string; hint: string | undefined } {
  try {
    parseThreshold(text)
  } catch (error) {
    if (error instanceof WhetstoneError) return { message: error.message, hint: error.hint }
    throw error
  }
  throw new Error(`'${text}' was read`)
}

describe('parseThreshold reads', () => {
  it.each<[string, Read]>([
    ['p95 < 300ms', p95],
    ['  p95<300ms ', p95],
    ['response p95 < 300 ms', p95],
    ['p95 < 0.3s', p95],
    ['p99.9 <= 1s', { ...p95, metric: { kind: 'response', quantile: 0.999 }, comparison: '<=', limit: 1000 }],
    ['p100 < 2m', { ...p95, metric: { kind: 'response', quantile: 1 }, limit: 120_000 }],
    ['p50 < 400µs', { ...p95, metric: { kind: 'response', quantile: 0.5 }, limit: 0.4 }],
    ['service p95 < 20ms', { ...p95, metric: { kind: 'service', quantile: 0.95 }, limit: 20 }],
    ['errors < 0.1%', errors],
    ['rate >= 95/s', { metric: { kind: 'rate' }, comparison: '>=', limit: 95, abort: false }],
    ['rate > 600/min', { metric: { kind: 'rate' }, comparison: '>', limit: 10, abort: false }],
    ['checks >= 99%', { metric: { kind: 'checks' }, comparison: '>=', limit: 0.99, abort: false }],
    [
      'checks("has: id") >= 99%',
      { metric: { kind: 'checks', name: 'has: id' }, comparison: '>=', limit: 0.99, abort: false },
    ],
    ["checks('has id') > 0%", { metric: { kind: 'checks', name: 'has id' }, comparison: '>', limit: 0, abort: false }],
    ['GET /orders: p95 < 300ms', { ...p95, route: 'GET /orders' }],
    ['GET /orders/:id: errors < 0.1%', { ...errors, route: 'GET /orders/:id' }],
    ['POST /graphql ProductList: p95 < 300ms', { ...p95, route: 'POST /graphql ProductList' }],
    ['p95 < 300ms over 10s', { ...p95, windowMs: 10_000 }],
    ['p95 < 300ms after 1.5m abort', { ...p95, afterMs: 90_000, abort: true }],
    ['p95 < 300ms abort after 30s over 5s', { ...p95, afterMs: 30_000, windowMs: 5000, abort: true }],
  ])('%s', (text, read) => {
    expect(parseThreshold(text)).toEqual({ text: text.trim(), ...read })
  })
})

describe('parseThreshold refuses', () => {
  it.each([
    ['', 1, 'a metric is missing', 'p95 < 300ms'],
    ['p95 < 300', 7, 'a response time has a unit, one of us µs ms s m min h', 'p95 < 300ms'],
    ['p95 < 300msec', 7, 'a response time has a unit, one of us µs ms s m min h', 'p95 < 300ms'],
    ['p95 < 1,000ms', 7, 'a response time is a number with a unit', 'p95 < 300ms'],
    ['p95 300ms', 5, 'a comparison is one of < <= > >=', 'p95 < 300ms'],
    ['p95 == 300ms', 5, 'a comparison is one of < <= > >=', 'p95 <= 300ms'],
    ['p999 < 1s', 1, 'percentiles run from p0 to p100', 'p99.9 < 1s'],
    ['avg < 3ms', 1, 'avg is no metric; there are p50 p90 p95 p99 p99.9 errors rate checks', 'p50 < 3ms'],
    ['eror < 1%', 1, 'eror is no metric; there are p50 p90 p95 p99 p99.9 errors rate checks', 'errors < 1%'],
    ['errors < 5', 10, 'a share has a unit, %', 'errors < 5%'],
    ['errors < 101%', 10, 'a share is at most 100%', 'errors < 100%'],
    ['rate > 5', 8, 'a rate has a unit, one of /s /min', 'rate > 5/s'],
    ['checks(has id) > 99%', 1, 'the name of a check is quoted', 'checks("has id") > 99%'],
    [
      'p95 < 300ms ovr 10s',
      13,
      "ovr is not known here; there are 'over 10s', 'after 30s' and 'abort'",
      'p95 < 300ms over 10s',
    ],
    ['p95 < 300ms over 0s', 13, 'a window has a length', 'p95 < 300ms over 10s'],
    ['p95 < 300ms over 5s over 9s', 21, 'over stands here twice', 'p95 < 300ms over 5s'],
    ['checks > 99% over 10s', 14, 'checks are judged over the whole run', 'checks > 99%'],
    ['service p95 < 1s abort', 18, 'the service time is only known at the end of a run', 'service p95 < 1s'],
    [': p95 < 3ms', 1, 'the route before the colon is empty', 'p95 < 3ms'],
  ])("'%s'", (text, character, why, hint) => {
    expect(refusal(text)).toEqual({
      message: `the threshold '${text}', character ${character}: ${why}`,
      hint: `write ${hint}`,
    })
  })

  it('takes a bare share of errors for the fraction other tools mean', () => {
    expect(refusal('errors < 0.01').hint).toBe('write errors < 1%')
  })

  it('mends several slips at once', () => {
    expect(refusal('p(95)<300 over').hint).toBe('write p95<300ms over 10s')
  })

  it('a novel', () => {
    expect(refusal('p'.repeat(501)).message).toBe('a threshold has at most 500 characters, this one has 501')
  })

  it('anything else, with a hint that can be read', () => {
    const word = fc.constantFrom(
      ...[
        'p95',
        'p999',
        'errors',
        'service',
        'checks(',
        '"x"',
        ')',
        '<',
        '==',
        '>',
        '300',
        '30ms',
        '1%',
        '%',
        ':',
        'over',
      ],
      ...['after', 'abort', '9s', 'GET', '/a', '\t', 'µ', '', '1e9', '-1'],
    )
    const texts = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.array(word, { maxLength: 9 }).map(words => words.join(' ')),
    )
    fc.assert(
      fc.property(texts, text => {
        try {
          parseThreshold(text)
        } catch (error) {
          expect((error as WhetstoneError).code).toBe('WHET_LOAD_THRESHOLD')
          parseThreshold((error as WhetstoneError).hint!.replace(/^write /, ''))
        }
      }),
      { numRuns: 10_000 },
    )
  })
})
