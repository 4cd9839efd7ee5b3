/** What a pool tells whoever listens on the diagnostics channel `whetstone:pool`; nothing is built when nobody does. */
import { channel } from 'node:diagnostics_channel'

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
