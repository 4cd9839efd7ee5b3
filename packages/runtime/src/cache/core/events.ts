/** What a cache tells whoever listens on the diagnostics channel `whetstone:cache`; nothing is built when nobody does. */
import { channel } from 'node:diagnostics_channel'

export type CacheEvent = { readonly cache: string; readonly key: string } & (
  | { readonly kind: 'hit' | 'early' | 'stale' }
  /** Pushed out of memory for want of room. */
  | { readonly kind: 'evicted' }
  /** `coalesced` where its load was under way for another. */
  | { readonly kind: 'miss'; readonly coalesced: boolean }
  | { readonly kind: 'load'; readonly loadMs: number; readonly failed: boolean }
)

export const cacheChannel = channel('whetstone:cache')

/** To be called behind `cacheChannel.hasSubscribers`, which is all that a hit may cost. */
export function tell(event: CacheEvent): void {
  cacheChannel.publish(event)
}
