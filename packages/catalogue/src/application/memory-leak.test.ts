import { expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { heapOf, keptAt, rising } from '../derive/testing/heap.ts'
import { repeated, secondsOf } from '../derive/testing/profile.ts'
import { memoryLeak } from './memory-leak.ts'

const runtime = secondsOf(repeated(15, {}))
const noise = [0.3, -0.2, 0.1, -0.4, 0.2, 0, -0.1, 0.4, -0.3, 0.2, -0.2, 0.1, 0.3, -0.4, 0]
const filling = Array.from({ length: 15 }, (_, at) => 40 + 12 * (1 - Math.exp(-at / 3)))

describePractice(memoryLeak, {
  silent: {
    'nothing was seen of the heap': { runtime },
    'two collections, a little apart': { runtime, 'heap-profile': heapOf([40, 40.8], [], 20_000) },
    'two collections, and less in the end': { runtime, 'heap-profile': heapOf([48, 40], [], 20_000) },
    'a level heap with noise': { runtime, 'heap-profile': heapOf(noise.map(each => 40 + each)) },
    'a cache that fills, slower and slower': { runtime, 'heap-profile': heapOf(filling) },
    'it rises and is given back': {
      runtime,
      'heap-profile': heapOf([...rising(40, 0.5, 8), ...rising(40, 0.5, 7)]),
    },
    'it falls': { runtime, 'heap-profile': heapOf(rising(60, -0.5)) },
    'a steady trickle below what matters in an hour': { runtime, 'heap-profile': heapOf(rising(40, 0.02)) },
    'a trickle, watched for long: forty megabytes an hour': {
      runtime,
      'heap-profile': heapOf(rising(40, 0.67, 30), [], 60_000),
    },
    'one step up, and level from there': {
      runtime,
      'heap-profile': heapOf([...repeated(4, 40), 46, ...rising(46, 0.001, 10)]),
    },
    'growth before a pause belongs to another window': {
      runtime,
      'heap-profile': {
        ...heapOf([]),
        processes: [
          {
            ...heapOf([]).processes[0]!,
            collections: [20, 42, ...noise.map(each => 42 + each)].map((megabytes, at) => ({
              atMs: at < 2 ? at * 1_000 : 60_000 + at * 1_000,
              keptBytes: megabytes * 1e6,
              pauseMs: 10,
              requests: at * 50,
            })),
          },
        ],
      },
    },
    'a background job that grows while nobody asks is a question': {
      runtime,
      'heap-profile': {
        ...heapOf([]),
        processes: heapOf(rising(40, 0.5)).processes.map(process => ({
          ...process,
          collections: process.collections.map(one => ({ ...one, requests: 0 })),
        })),
      },
    },
  },
  reports: {
    'two collections far apart, and wants to know more': {
      evidence: { runtime, 'heap-profile': heapOf([40, 46], [], 20_000) },
      asks: [{ kind: 'heap-growth' }],
    },
    'as much after every second, with the function that allocates it': {
      evidence: {
        runtime,
        'heap-profile': heapOf(rising(40, 0.5), [
          keptAt('remember', 1.6e6, 6.4e6),
          keptAt('parse', 2e5, 2.1e5, { package: 'qs' }),
        ]),
      },
      finds: [
        {
          fingerprint: 'memory-leak||src/session.ts#remember|',
          practice: 'memory-leak',
          title: '10 kB of every request stay in memory: 1.8 GB an hour at this load',
          where: { site: [{ file: 'src/session.ts', line: 12, column: 1, function: 'remember' }] },
          facts: [
            {
              label: 'heap growth per hour',
              quantity: { value: 1.8e9, low: expect.any(Number), high: expect.any(Number), unit: 'bytes' },
              evidence: { kind: 'heap-profile' },
            },
            stated('kept per request', 10_000, 'bytes', 'heap-profile'),
            stated('heap after the last full collection', 47e6, 'bytes', 'heap-profile'),
            stated('full collections', 15, 'count', 'heap-profile'),
            stated('watched', 14_000, 'ms', 'heap-profile'),
          ],
          confidence: 'suspected',
          risk: 'leak',
          remedy: {
            summary: 'Bound what is kept.',
            steps: [
              'remember at src/session.ts:12 allocated 4.8 MB of what stayed.',
              expect.any(String),
              'At this load the limit of 2 GB is reached after about 1 hour.',
              expect.stringContaining('whetstone load soak'),
            ],
            code: { language: 'ts', after: expect.stringContaining('LRUCache') },
          },
        },
      ],
    },
    'for an hour, with noise and without a profile: no doubt is left': {
      evidence: {
        runtime,
        'heap-profile': heapOf(
          rising(40, 2, 60).map((each, at) => each + noise[at % 15]!),
          [],
          60_000,
        ),
      },
      finds: [
        expect.objectContaining({
          title: expect.stringMatching(/kB of every request stay in memory: 1[12]\d MB an hour/),
          where: { resource: 'heap' },
          confidence: 'strong',
        }),
      ],
    },
  },
})

it.each([
  // Fifteen points, a second and fifty requests apart.
  [
    'level',
    heapOf(rising(40, 0.02)),
    'the heap kept 280 kB of 14.0 s of load',
    'less than 2 MB, 2.9 kB of each request,',
  ],
  // A hundred megabytes an hour are more than two in a quarter of an hour.
  ['long', heapOf(rising(40, 0.67, 30), [], 60_000), 'of 29 min of load', 'less than 48.3 MB,'],
  ['two points', heapOf([40, 40.8], [], 20_000), 'the heap kept 800 kB of 20.0 s of load', 'less than 2 MB,'],
])('says what growth it could not have seen in a window that is %s', (_, heap, kept, least) => {
  expect(outcomeOf(memoryLeak, { runtime, 'heap-profile': heap })).toMatchObject({
    kind: 'pass',
    note: expect.stringMatching(new RegExp(`${kept}.*${least}.* cannot be told in it`)),
  })
})
