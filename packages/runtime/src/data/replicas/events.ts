/** What a set of replicas tells whoever listens on `whetstone:replicas`; nothing is built while nobody does. */
import { channel } from 'node:diagnostics_channel'
import type { EjectedFor } from './health.ts'
import type { TokenRefusal } from './token.ts'

/** Why a read went where it went. */
export type RoutedFor =
  /** A replica that has all the session wrote. */
  | 'replica'
  /** The primary, which takes its part. */
  | 'shared'
  /** A replica that has it by now, after waiting. */
  | 'caught-up'
  /** The primary, because no replica had the session's write within the wait. */
  | 'behind'
  /** The primary, because no replica serves. */
  | 'panic'
  /** An ejected replica, because the primary is gone and the caller allows it. */
  | 'stale'

export type ReplicaEvent =
  | { readonly kind: 'routed'; readonly node: string; readonly why: RoutedFor }
  | { readonly kind: 'ejected'; readonly node: string; readonly why: EjectedFor }
  | { readonly kind: 'returned'; readonly node: string }
  | { readonly kind: 'primary'; readonly node: string; readonly timeline: number }
  | { readonly kind: 'primary-lost'; readonly node: string }
  | { readonly kind: 'shed'; readonly inFlight: number }
  | { readonly kind: 'token-refused'; readonly why: TokenRefusal }

const replicas = channel('whetstone:replicas')

export function tell(cluster: string, event: ReplicaEvent): void {
  if (replicas.hasSubscribers) replicas.publish({ cluster, ...event })
}

export function isHeard(): boolean {
  return replicas.hasSubscribers
}
