/** What of a cache its loads and its look-ups work on. */
import type { Version } from '../tier.ts'
import type { Kept } from './kept.ts'
import type { FullLoadPolicy } from './load-policy.ts'
import type { CacheCounts } from './options.ts'
import type { Shared } from './shared/shared.ts'
import type { TagStamps } from './tag-stamps.ts'

export interface CacheParts {
  readonly name: string
  readonly defaults: FullLoadPolicy
  readonly clock: () => number
  readonly random: () => number
  readonly stamps: TagStamps
  readonly shared: Shared | undefined
  readonly counts: Pick<CacheCounts, 'stale' | 'loads' | 'failedLoads' | 'loadMs'>
  readonly nextVersion: () => Version
  readonly keep: (key: string, kept: Kept) => void
  readonly forget: (key: string) => void
  readonly keepFailure: (key: string, error: unknown, untilMs: number) => void
}
