/** What a pool tells whoever listens on the diagnostics channel `whetstone:pool`; nothing is built when nobody does. */
import { channel } from 'node:diagnostics_channel'
import type { CallSite } from './call-site.ts'
import type { PoolLimits } from './options.ts'

export type PoolEvent = { readonly pool: string } & (
  | { readonly kind: 'leak'; readonly site: string; readonly stack: readonly string[]; readonly heldMs: number }
  | { readonly kind: 'waited'; readonly waitedMs: number; readonly inUse: number; readonly waiting: number }
  | { readonly kind: 'shed'; readonly inUse: number; readonly waiting: number }
  | { readonly kind: 'timeout'; readonly waitedMs: number; readonly inUse: number; readonly waiting: number }
  /** A connection that nobody used ended: the server went away, an administrator ended it, a network cut it. */
  | { readonly kind: 'lost'; readonly error: Error }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'prepare-off'; readonly because: string }
)

const poolChannel = channel('whetstone:pool')

export function tell(make: () => PoolEvent): void {
  if (poolChannel.hasSubscribers) poolChannel.publish(make())
}

/** Of every loan, on the channel `whetstone:pool-loan`, told within whoever asked for it: for tools that watch how a pool is used. */
type PoolLoanEvent =
  | { readonly kind: 'made'; readonly limits: PoolLimits }
  | {
      readonly kind: 'lent'
      readonly limits: PoolLimits
      /** 0 where no connection had to come back first. */
      readonly waitedMs: number
      readonly inUse: number
      readonly waiting: number
    }
  /** To somebody who gives it back himself, unlike `query()`. The reading of its place costs microseconds. */
  | {
      readonly kind: 'taken'
      readonly limits: PoolLimits
      readonly connection: object
      readonly readSite: () => CallSite
    }
  | { readonly kind: 'returned'; readonly limits: PoolLimits; readonly connection: object }
  /** Nobody came back in time, or too many waited before. */
  | { readonly kind: 'refused'; readonly limits: PoolLimits; readonly waitedMs: number; readonly waiting: number }

const loanChannel = channel('whetstone:pool-loan')

export function tellLoan(make: () => PoolLoanEvent): void {
  if (loanChannel.hasSubscribers) loanChannel.publish(make())
}
