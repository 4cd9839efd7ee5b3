/** Which keys of a cache are asked for most, from its events: costs nothing until somebody wants to know. */
import { cacheChannel, type CacheEvent } from '../core/events.ts'
import { type CountedKey, SpaceSaving } from './space-saving.ts'

export interface TopKeysOptions {
  /** Of the cache with this name. Default all. */
  readonly cache?: string
  /** What is counted. Default every call; `miss` alone shows what a cache does not help, `load` what the origin is asked for. */
  readonly kinds?: readonly CacheEvent['kind'][]
  /** Keys kept. Default 1,000: of all that make up more than a thousandth of the calls none is missing. */
  readonly capacity?: number
}

export interface TopKeys {
  /** The most asked for first. */
  top(count: number): readonly CountedKey[]
  /** Ends the counting, and its cost. */
  close(): void
}

const calls: readonly CacheEvent['kind'][] = ['hit', 'early', 'stale', 'miss']

export function watchTopKeys({ cache, kinds = calls, capacity = 1_000 }: TopKeysOptions = {}): TopKeys {
  const keys = new SpaceSaving(capacity)
  const listener = (message: unknown): void => {
    const event = message as CacheEvent
    if ((cache === undefined || event.cache === cache) && kinds.includes(event.kind)) keys.note(event.key)
  }
  cacheChannel.subscribe(listener)
  return {
    top: count => keys.top(count),
    close() {
      cacheChannel.unsubscribe(listener)
    },
  }
}
