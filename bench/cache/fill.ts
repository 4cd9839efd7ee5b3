/** Fills one cache in this process and says what it weighs: `fill.ts <ours|lru-cache> <entries>`, to be run with --expose-gc. */
import { MemoryCache } from '@whetstone/runtime/cache'
import { LRUCache } from 'lru-cache'
import { manyKeys } from './zipf-keys.ts'

const [, , which, count] = process.argv
const entries = Number(count)
const keys = manyKeys(entries)
const values = keys.map(key => ({ key }))
const before = usedBytes()
const cache =
  which === 'ours'
    ? new MemoryCache<string, object>({ maxEntries: entries, ttlMs: 3_600_000 })
    : new LRUCache<string, object>({ max: entries, ttl: 3_600_000 })
for (let at = 0; at < entries; at++) cache.set(keys[at]!, values[at]!)
const after = usedBytes()
// Both are asked for afterwards: what nobody needs any more would have been collected.
if (cache.get(keys[0]!) !== values[0] || cache.size !== entries) throw new Error(`${which} lost entries`)
process.stdout.write(String((after - before) / entries))

function usedBytes(): number {
  for (let round = 0; round < 3; round++) globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
