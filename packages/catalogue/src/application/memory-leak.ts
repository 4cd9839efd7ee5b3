/** Memory that is kept for ever: the heap after full collections grows with every request. */
import {
  ask,
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
import { bytesText, countText, fact, msText } from '../derive/figures.ts'
import {
  growthConfidence,
  type GrowthLimits,
  type HeapGrowth,
  type HeapWindow,
  leastGrowth,
  longerLook,
  readHeap,
} from '../derive/heap-growth.ts'
import { heapLimits } from '../derive/heap-limits.ts'

export const memoryLeak = definePractice({
  id: 'memory-leak',
  chapter: 'application',
  title: 'No unbounded memory growth',
  why: 'What a service keeps of every request fills its memory: collections take longer and longer, and in the end the process is killed in the middle of its work.',
  unless: [
    'It is a cache that is meant to be that large and is bounded: a longer run shows where it ends.',
    'The process is started anew for every job.',
  ],
  sources: [
    'https://nodejs.org/en/learn/diagnostics/memory/using-heap-profiler',
    'https://doi.org/10.1080/01621459.1968.10480934',
    'https://doi.org/10.2307/1907187',
  ],
  needs: ['runtime'],
  optional: ['heap-profile'],
  thresholds: heapLimits,
  remedy: {
    summary: 'Bound what is kept: by number, by age or by the life of the request.',
    library: 'lru-cache',
    example: {
      language: 'ts',
      before: `const seen = new Map<string, Session>()
seen.set(token, session) // nothing ever takes it out`,
      after: `const seen = new LRUCache<string, Session>({ max: 10_000, ttl: 3_600_000 })
seen.set(token, session)`,
    },
    withRuntime: `import { MemoryCache } from '@whetstone/runtime/cache'

// Bounded by number and by age; what is asked for again stays.
const seen = new MemoryCache<string, User>({ maxEntries: 10_000, ttlMs: 3_600_000 })
seen.set(String(id), { id, name: 'one of ten thousand at most' })`,
  },
  detect({ 'heap-profile': heap }, limits) {
    const reading = readHeap(heap, limits)
    switch (reading.kind) {
      case 'unseen':
        return unknown(['heap-profile'], 'the heap was not looked at', 'whetstone diagnose -- <command> (Node)')
      case 'short':
        return reading.grownBytes >= limits.grownBytes
          ? investigate([{ kind: 'heap-growth' }])
          : pass(
              [fact('grown between two full collections', Math.max(0, reading.grownBytes), 'bytes', 'heap-profile')],
              windowText(reading, limits),
            )
      case 'steady':
        return pass(
          [fact('grown under load', Math.max(0, reading.grownBytes), 'bytes', 'heap-profile')],
          windowText(reading, limits),
        )
      case 'grows':
        return reading.bytesPerRequest === undefined
          ? ask(`No request was answered, and yet the heap grows: what runs in the background?`)
          : findings([describe(reading, reading.bytesPerRequest)])
    }
  },
})

/** What was not seen to grow may still grow, by less than the window shows. */
function windowText(window: HeapWindow, limits: GrowthLimits): string {
  const { bytes, bytesPerRequest } = leastGrowth(window, limits)
  const share = bytesPerRequest === undefined ? '' : `, ${bytesText(bytesPerRequest)} of each request`
  return `the heap kept ${bytesText(Math.max(0, window.grownBytes))} of ${msText(window.durationMs)} of load, and does not keep growing as far as that tells; less than ${bytesText(bytes)}${share}, cannot be told in it: whetstone load soak --duration 30m`
}

function describe(growth: HeapGrowth, bytesPerRequest: number): Finding {
  const { sites, bytesPerHour, process, durationMs } = growth
  const [site] = sites
  const where: Where = site ? { site: [site.frame] } : { resource: 'heap' }
  const last = process.collections.at(-1)!.keptBytes
  const hoursLeft = (process.heapLimitBytes - last) / bytesPerHour.estimate
  const { estimate, low, high } = bytesPerHour
  return {
    fingerprint: fingerprintOf('memory-leak', where),
    practice: 'memory-leak',
    title: `${bytesText(bytesPerRequest)} of every request stay in memory: ${bytesText(estimate)} an hour at this load`,
    where,
    facts: [
      {
        label: 'heap growth per hour',
        quantity: { value: Math.round(estimate), low: Math.round(low), high: Math.round(high), unit: 'bytes' },
        evidence: { kind: 'heap-profile' },
      },
      fact('kept per request', bytesPerRequest, 'bytes', 'heap-profile'),
      fact('heap after the last full collection', last, 'bytes', 'heap-profile'),
      fact('full collections', growth.points, 'count', 'heap-profile'),
      fact('watched', durationMs, 'ms', 'heap-profile'),
    ],
    confidence: growthConfidence(growth),
    risk: 'leak',
    remedy: {
      summary: 'Bound what is kept.',
      steps: [
        ...sites
          .slice(0, 3)
          .map(
            one =>
              `${one.frame.function ?? 'An anonymous function'} at ${placeText([one.frame])} allocated ${bytesText(one.lastBytes - one.firstBytes)} of what stayed${one.package === undefined ? '' : `, through ${one.package}`}.`,
          ),
        'Look where that is put: a Map or an array of the module, a listener, a timer, a closure that outlives its request.',
        `At this load the limit of ${bytesText(process.heapLimitBytes)} is reached after about ${countText(Math.max(1, Math.round(hoursLeft)))} ${hoursLeft < 1.5 ? 'hour' : 'hours'}.`,
        ...longerLook(growth),
      ],
      code: {
        language: 'ts',
        after: `import { LRUCache } from 'lru-cache'

const kept = new LRUCache<string, Entry>({ max: 10_000, ttl: 3_600_000 })`,
      },
    },
  }
}
