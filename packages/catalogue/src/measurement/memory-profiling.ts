/** Who allocated what the heap keeps, asked where memory grows or is nearly full. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  investigate,
  pass,
  placeText,
  unknown,
  type Where,
} from '@whetstone/model'
import { bytesText, fact, percentText } from '../derive/figures.ts'
import { growthConfidence, type HeapGrowth, longerLook, readHeap } from '../derive/heap-growth.ts'
import { heapLimits } from '../derive/heap-limits.ts'

export const memoryProfiling = definePractice({
  id: 'memory-profiling',
  chapter: 'measurement',
  title: 'Memory profiling',
  why: 'A heap profile names the functions that allocated what is still alive; without it people bound what they remember, not what is large.',
  unless: ['Memory is small and does not grow: a profile of it shows the runtime and the modules.'],
  sources: [
    'https://nodejs.org/en/learn/diagnostics/memory',
    'https://chromedevtools.github.io/devtools-protocol/tot/HeapProfiler/',
    'https://v8.dev/blog/trash-talk',
  ],
  needs: ['runtime', 'heap-profile'],
  optional: ['host'],
  thresholds: {
    ...heapLimits,
    fullFraction: {
      value: 0.8,
      unit: 'fraction',
      source: 'above four fifths V8 collects again and again for little: the catalogue of this project',
    },
  },
  remedy: {
    summary: 'Look at what is kept by the function that allocated it, and bound the largest first.',
    example: {
      language: 'ts',
      before: `const byUser = new Map<number, Report>() // one entry for everybody who ever came`,
      after: `const byUser = new LRUCache<number, Report>({ max: 1_000 })`,
    },
  },
  detect({ 'heap-profile': heap, host }, limits) {
    const reading = readHeap(heap, limits)
    if (reading.kind === 'unseen')
      return unknown(['heap-profile'], 'the heap was not looked at', 'whetstone diagnose -- <command> (Node)')
    const { process } = reading
    const keptBytes = process.collections.at(-1)!.keptBytes
    const limitBytes = Math.min(process.heapLimitBytes, host?.memoryLimitBytes ?? Infinity)
    const facts = [
      fact('heap after a full collection', keptBytes, 'bytes', 'heap-profile'),
      fact('of its limit', keptBytes / limitBytes, 'fraction', 'heap-profile'),
    ]
    const isFull = keptBytes >= limitBytes * limits.fullFraction
    const wasSampled = process.sites.length > 0
    if (isFull && !wasSampled && reading.kind === 'short')
      return investigate([{ kind: 'heap-growth' }], [full(facts, keptBytes, limitBytes)])
    if (isFull) return findings([full(facts, keptBytes, limitBytes)])
    if (reading.kind === 'grows' && reading.sites.length > 0) return findings([named(reading, facts)])
    if (reading.kind === 'grows')
      return unknown(
        ['heap-profile'],
        `the heap grows by ${bytesText(reading.bytesPerHour.estimate)} an hour, and the samples name nobody who allocated that`,
        'whetstone diagnose --duration 30s -- <command>',
      )
    if (reading.kind === 'short' && reading.grownBytes >= limits.grownBytes)
      return investigate([{ kind: 'heap-growth' }])
    return pass(
      facts,
      `${bytesText(keptBytes)} kept after a full collection, ${percentText(keptBytes / limitBytes)} of the limit`,
    )
  },
})

function full(facts: Finding['facts'], keptBytes: number, limitBytes: number): Finding {
  const where: Where = { resource: 'heap' }
  return {
    fingerprint: fingerprintOf('memory-profiling', where),
    practice: 'memory-profiling',
    title: `memory is ${percentText(keptBytes / limitBytes)} full after a full collection`,
    where,
    facts,
    confidence: 'measured',
    risk: 'outage',
    remedy: {
      summary: 'Keep less, or give the process more before it is killed.',
      steps: [
        'See what is kept: node --heap-prof server.js, or a heap snapshot on a signal, opened in the memory tab of Chrome.',
        `If all of it is needed, raise the limit of ${bytesText(limitBytes)}: --max-old-space-size, and the memory of the container above it.`,
      ],
      code: { language: 'ts', after: 'node --heapsnapshot-signal=SIGUSR2 server.js' },
    },
  }
}

function named(growth: HeapGrowth, facts: Finding['facts']): Finding {
  const { sites, grownBytes } = growth
  const [site] = sites
  const where: Where = { site: [site!.frame] }
  const grown = site!.lastBytes - site!.firstBytes
  return {
    fingerprint: fingerprintOf('memory-profiling', where),
    practice: 'memory-profiling',
    title: `${site!.frame.function ?? 'an anonymous function'} allocates what stays: ${bytesText(grown)} of ${bytesText(grownBytes)}`,
    where,
    facts: [...facts, fact('allocated here and still alive', grown, 'bytes', 'heap-profile')],
    confidence: growthConfidence(growth),
    remedy: {
      summary: 'Bound what this function keeps.',
      steps: [
        ...sites
          .slice(0, 5)
          .map(
            one =>
              `${placeText([one.frame])} ${one.frame.function ?? ''}: ${bytesText(one.firstBytes)} alive at the first look, ${bytesText(one.lastBytes)} at the last.`,
          ),
        ...longerLook(growth),
      ],
    },
  }
}
