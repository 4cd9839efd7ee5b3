/** What an answer may say of its own keeping: the few combinations of `Cache-Control` that mean something, by name. */
import { type Duration, secondsOf } from './duration.ts'

export interface StaleOptions {
  /** After its time a cache may go on serving it for so long while it asks for a new one (RFC 5861 §3). */
  readonly staleWhileRevalidate?: Duration
  /** After its time a cache may serve it for so long when asking fails (RFC 5861 §4). */
  readonly staleIfError?: Duration
}

export interface PublicOptions extends StaleOptions {
  /** Caches shared by many keep it for so long instead (`s-maxage`, RFC 9111 §5.2.2.10): they can be purged, browsers cannot. */
  readonly shared?: Duration
}

/**
 * Values for the header `Cache-Control`.
 *
 * ```ts
 * reply.header('cache-control', cacheControl.publicFor('1m', { staleWhileRevalidate: '5m' }))
 * ```
 */
export const cacheControl = {
  /** Never changes under this URL, which carries a hash or version of its content (RFC 8246). A year, the longest that caches heed. */
  immutable: (): string => 'public, max-age=31536000, immutable',

  /** Anybody's: browsers, proxies and this cache keep it for so long (RFC 9111 §5.2.2.9). Also where the request carried credentials. @throws RangeError for a duration that is none */
  publicFor: (duration: Duration, { shared, ...stale }: PublicOptions = {}): string =>
    [
      'public',
      `max-age=${secondsOf(duration)}`,
      ...(shared ? [`s-maxage=${secondsOf(shared)}`] : []),
      ...staleParts(stale),
    ].join(', '),

  /** One person's: only the browser keeps it (RFC 9111 §5.2.2.7). @throws RangeError for a duration that is none */
  privateFor: (duration: Duration, stale: StaleOptions = {}): string =>
    ['private', `max-age=${secondsOf(duration)}`, ...staleParts(stale)].join(', '),

  /** Kept by anybody and asked for again at each use, which costs a 304 where nothing changed (RFC 9111 §5.2.2.4). Not kept by this cache. */
  revalidate: (): string => 'public, no-cache',

  /** As `revalidate`, by the browser only: what personal answers get when they say nothing. */
  privateRevalidate: (): string => 'private, no-cache',

  /** Kept nowhere, not even on a disk of the browser's (RFC 9111 §5.2.2.5). */
  noStore: (): string => 'no-store',
} as const

function staleParts({ staleWhileRevalidate, staleIfError }: StaleOptions): readonly string[] {
  return [
    ...(staleWhileRevalidate ? [`stale-while-revalidate=${secondsOf(staleWhileRevalidate)}`] : []),
    ...(staleIfError ? [`stale-if-error=${secondsOf(staleIfError)}`] : []),
  ]
}
