/** Ends a command to a cache, for every client alike: what goes wrong in here is never the service's to see. */
import type { CacheCall } from '../cache/cache-call.ts'
import { guarded } from '../guard.ts'

/** `reply` is undefined where it is not the value yet, as QUEUED within a transaction. */
export const finishCacheCall = guarded((call: CacheCall, isFailed: boolean, reply?: unknown) =>
  call.finish(isFailed, reply),
)
