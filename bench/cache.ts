/** What a hit costs in our cache and in others, in CPU time and taken in turns; and what an entry weighs, each cache in a process of its own. */
import { asyncHits } from './cache/async-hits.ts'
import { bytesPerEntry } from './cache/bytes-per-entry.ts'
import { syncHits } from './cache/sync-hits.ts'

export interface CachePartOptions {
  readonly quick: boolean
  log(line: string): void
}

const parts = [syncHits, asyncHits, bytesPerEntry]

/** Operations per CPU second, ours over theirs; for bytes ours over theirs, so that less is better. */
const atLeast = {
  syncHitOfLruCache: 1,
  getOrLoadOfBentoCache: 8,
  getOrLoadOfCachified: 5,
  getOrLoadOfAsyncCacheDedupe: 2,
}
const atMost = { bytesPerEntryOfLruCache: 1.3 }

export const bench = {
  name: 'cache',
  async run(options: CachePartOptions) {
    let runs = 0
    const figures: Record<string, number> = {}
    for (const part of parts) {
      const told = await part(options)
      runs = Math.max(runs, told.rounds)
      Object.assign(figures, told.figures)
    }
    const passed =
      Object.entries(atLeast).every(([figure, bar]) => figures[figure]! >= bar) &&
      Object.entries(atMost).every(([figure, bar]) => figures[figure]! <= bar)
    const bars = `${passed ? 'pass' : 'fail'}: at least ${JSON.stringify(atLeast)}, at most ${JSON.stringify(atMost)}`
    return { runs, figures: { ...figures, bars } }
  },
}
