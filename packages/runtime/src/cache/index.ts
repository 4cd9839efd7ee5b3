/** `@whetstone/runtime/cache`: answers kept close, for as long as they are true. The tier in memory needs nothing but Node. */
export { everythingTag } from './tier.ts'
export type {
  EntryStamp,
  Invalidation,
  InvalidationBus,
  Lease,
  Leases,
  LoadOutcome,
  Lookup,
  Tier,
  TierEntry,
  Version,
} from './tier.ts'
