import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { hostOf } from '../derive/testing/evidence.ts'
import { heapOf, keptAt, rising } from '../derive/testing/heap.ts'
import { repeated, secondsOf } from '../derive/testing/profile.ts'
import { memoryProfiling } from './memory-profiling.ts'

const runtime = secondsOf(repeated(15, {}))
const smallLimit = { ...hostOf(0), memoryLimitBytes: 64e6 }

describePractice(memoryProfiling, {
  silent: {
    'the heap was not looked at': { runtime, 'heap-profile': heapOf([]) },
    'a small heap that stays as it is': { runtime, 'heap-profile': heapOf([40, 40.5], [], 20_000) },
    'half of the memory of its container': { runtime, 'heap-profile': heapOf([30, 31], [], 20_000), host: smallLimit },
    'sampled, and level': { runtime, 'heap-profile': heapOf(repeated(15, 40), [keptAt('warm', 5e5, 5e5)]) },
    'it grows, and nobody was seen to allocate it': { runtime, 'heap-profile': heapOf(rising(40, 0.5)) },
    'it grows, and what was sampled is not what grew': {
      runtime,
      'heap-profile': heapOf(rising(40, 0.5), [keptAt('steady', 3e6, 3.1e6)]),
    },
  },
  reports: {
    'growth that wants a closer look': {
      evidence: { runtime, 'heap-profile': heapOf([40, 46], [], 20_000) },
      asks: [{ kind: 'heap-growth' }],
    },
    'the function that allocates what stays': {
      evidence: {
        runtime,
        'heap-profile': heapOf(rising(40, 0.5), [keptAt('remember', 1.6e6, 6.4e6), keptAt('other', 1e5, 1.2e5)]),
      },
      finds: [
        {
          fingerprint: 'memory-profiling||src/session.ts#remember|',
          practice: 'memory-profiling',
          title: 'remember allocates what stays: 4.8 MB of 7 MB',
          where: { site: [{ file: 'src/session.ts', line: 12, column: 1, function: 'remember' }] },
          facts: [
            stated('heap after a full collection', 47e6, 'bytes', 'heap-profile'),
            stated('of its limit', 0.0235, 'fraction', 'heap-profile'),
            stated('allocated here and still alive', 4.8e6, 'bytes', 'heap-profile'),
          ],
          confidence: 'suspected',
          remedy: {
            summary: 'Bound what this function keeps.',
            steps: [
              'src/session.ts:12 remember: 1.6 MB alive at the first look, 6.4 MB at the last.',
              'If it is a cache with a bound, a longer run shows where it ends: whetstone load soak --duration 30m',
            ],
          },
        },
      ],
    },
    'the same over fourteen minutes, longer than a cache takes to fill': {
      evidence: {
        runtime,
        'heap-profile': heapOf(rising(40, 6), [keptAt('remember', 1.6e7, 6.4e7)], 60_000),
      },
      finds: [
        expect.objectContaining({
          confidence: 'strong',
          remedy: {
            summary: 'Bound what this function keeps.',
            steps: ['src/session.ts:12 remember: 16 MB alive at the first look, 64 MB at the last.'],
          },
        }),
      ],
    },
    'nine tenths of the memory of its container': {
      evidence: { runtime, 'heap-profile': heapOf([57, 58], [keptAt('load', 4e7, 4e7)], 20_000), host: smallLimit },
      finds: [
        expect.objectContaining({
          title: 'memory is 91 % full after a full collection',
          where: { resource: 'heap' },
          risk: 'outage',
        }),
      ],
    },
  },
})

describe('its row of the coverage', () => {
  it('does not pass a heap that grows where nobody was seen to allocate it', () => {
    expect(outcomeOf(memoryProfiling, { runtime, 'heap-profile': heapOf(rising(40, 0.5)) })).toMatchObject({
      kind: 'unknown',
      why: 'the heap grows by 1.8 GB an hour, and the samples name nobody who allocated that',
    })
  })
})
