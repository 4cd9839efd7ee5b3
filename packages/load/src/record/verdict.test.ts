/** When the generator may be believed. */
import { describe, expect, it } from 'vitest'
import type { GeneratorReadings } from './verdict.ts'
import { judgeGenerator } from './verdict.ts'

const calm: GeneratorReadings = {
  lagP50Ms: 0.1,
  lagP99Ms: 0.8,
  lagMaxMs: 2,
  responseP99Ms: 20,
  noticedFraction: 1,
  sentFraction: 1,
  cpuFraction: 0.2,
  loopDelayP99Ms: 0.5,
}

describe('judgeGenerator', () => {
  it.each<[string, Partial<GeneratorReadings>, string, string[]]>([
    ['calm', {}, 'healthy', []],
    ['late by no more than a timer', { lagP99Ms: 1, responseP99Ms: 1 }, 'healthy', []],
    ['late, against slow answers', { lagP99Ms: 40, responseP99Ms: 500, loopDelayP99Ms: 4 }, 'healthy', []],
    [
      'late by a tenth of the response',
      { lagP99Ms: 3 },
      'degraded',
      ['sends were late by 3.0 ms at p99, against a response p99 of 20 ms'],
    ],
    [
      'late by a quarter of the response',
      { lagP99Ms: 6 },
      'invalid',
      ['sends were late by 6.0 ms at p99, against a response p99 of 20 ms'],
    ],
    [
      'late as a busy host is, against fast answers',
      { lagP99Ms: 4, responseP99Ms: 5 },
      'degraded',
      ['sends were late by 4.0 ms at p99, against a response p99 of 5.0 ms'],
    ],
    [
      'blocked, against slow answers',
      { loopDelayP99Ms: 12, responseP99Ms: 100 },
      'degraded',
      ["the generator's event loop was blocked for 12 ms at p99"],
    ],
    [
      'blocked, against fast answers',
      { loopDelayP99Ms: 12 },
      'invalid',
      ["the generator's event loop was blocked for 12 ms at p99"],
    ],
    ['on a core of its own, as it was asked to', { cpuFraction: 1, spins: true }, 'healthy', []],
    ['out of CPU', { cpuFraction: 0.9 }, 'invalid', ['the generator used 90 % of a core']],
    [
      'behind its schedule',
      { noticedFraction: 0.9, sentFraction: 0.9 },
      'invalid',
      ['the generator came round to only 90 % of the requests in time'],
    ],
    [
      'short of connections',
      { sentFraction: 0.5 },
      'degraded',
      ['only 50 % of the offered requests found a connection in time'],
    ],
  ])('%s', (_name, change, verdict, reasons) => {
    expect(judgeGenerator({ ...calm, ...change })).toMatchObject({ verdict, reasons })
  })
})
