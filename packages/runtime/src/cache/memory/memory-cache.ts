/** Values kept in this process: bounded by count or bytes, each with its own end, in flat arrays so that an entry costs little more than its place in a Map. */
import type { Identity } from '../../batch/identity.ts'
import { coarseNowMs } from './coarse-clock.ts'
import { keyHash } from './key-hash.ts'
import { grown } from './policies/place-list.ts'
import { policies, type PolicyName } from './policies/named.ts'
import type { EvictionPolicy, Places, PolicyMaker } from './policies/policy.ts'

/** Why a value left. `capacity` alone is the policy's doing. */
export type Leaving = 'capacity' | 'expired' | 'deleted' | 'replaced' | 'cleared'

export interface MemoryCacheOptions<Key extends Identity, Value> {
  /** 1 to 16,777,215. Default 10,000; none where `maxBytes` is given. */
  readonly maxEntries?: number
  /** Needs `sizeOf`. What alone is larger is not kept at all. */
  readonly maxBytes?: number
  /** Bytes a value stands for, a whole number, at least 1. */
  readonly sizeOf?: (value: Value, key: Key) => number
  /** How long values live that say nothing else. Default `Infinity`. */
  readonly ttlMs?: number
  /** Default `s3-fifo`: on real traces ahead of all others in most cases, and never far behind. */
  readonly policy?: PolicyName | PolicyMaker
  /** Told of each value that leaves, after it has. Must not write to this cache; what it throws reaches whoever made the value leave. */
  readonly onLeave?: (key: Key, value: Value, why: Leaving) => void
  /** Told only of what others pushed out: unlike `onLeave` it costs writing, deleting and clearing nothing. The same rules. */
  readonly onEvict?: (key: Key) => void
  /** Milliseconds since 1970. Default: the system's, read about once a millisecond. */
  readonly clock?: () => number
}

/** Totals since it was made. */
export interface MemoryCacheCounts {
  hits: number
  misses: number
  sets: number
  /** Pushed out by others, for want of room. */
  evicted: number
  /** Their time was over; counted when that is noticed. */
  expired: number
}

export interface MemoryCacheEntry<Key, Value> {
  readonly key: Key
  readonly value: Value
  /** `Infinity` for never. */
  readonly goneAtMs: number
}

const mostEntries = 2 ** 24 - 1
const firstPlaces = 16
/** Places looked at for what is over at every new key: twice as fast as they fill, and no timer. */
const sweptPerInsert = 2

export class MemoryCache<Key extends Identity, Value> {
  readonly #placeOf = new Map<Key, number>()
  readonly #clock: () => number
  readonly #ttlMs: number
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #sizeOf: ((value: Value, key: Key) => number) | undefined
  readonly #onLeave: MemoryCacheOptions<Key, Value>['onLeave']
  readonly #onEvict: MemoryCacheOptions<Key, Value>['onEvict']
  readonly #policy: EvictionPolicy
  readonly #counts: MemoryCacheCounts = { hits: 0, misses: 0, sets: 0, evicted: 0, expired: 0 }
  // By place, from 1 on.
  #keys: (Key | undefined)[] = []
  #values: (Value | undefined)[] = []
  #goneAtMs = new Float64Array(1)
  #sizes: Float64Array | undefined
  #places = 0
  /** Places up to here have been used; those given back are `#free`. */
  #usedPlaces = 0
  readonly #free: number[] = []
  #sizeBytes = 0
  #anyEnds = false
  #sweepAt = 0

  /** @throws RangeError for a bound that is none */
  constructor(options: MemoryCacheOptions<Key, Value> = {}) {
    const { maxBytes, sizeOf, policy = 's3-fifo', ttlMs = Infinity } = options
    if ((maxBytes === undefined) !== (sizeOf === undefined))
      throw new RangeError('maxBytes and sizeOf of a cache go together')
    const maxEntries = options.maxEntries ?? (maxBytes === undefined ? 10_000 : mostEntries)
    this.#maxEntries = whole('maxEntries', maxEntries, mostEntries)
    this.#maxBytes = maxBytes === undefined ? Infinity : whole('maxBytes', maxBytes, Number.MAX_SAFE_INTEGER)
    if (!(ttlMs > 0)) throw new RangeError(`ttlMs of a cache must be above 0, not ${ttlMs}`)
    this.#ttlMs = ttlMs
    this.#clock = options.clock ?? coarseNowMs
    this.#sizeOf = sizeOf
    this.#onLeave = options.onLeave
    this.#onEvict = options.onEvict
    this.#sizes = sizeOf && new Float64Array(1)
    const places: Places = {
      maxWeight: maxBytes ?? this.#maxEntries,
      weightOf: place => (this.#sizes === undefined ? 1 : this.#sizes[place]!),
      hashOf: place => keyHash(this.#keys[place]!),
    }
    this.#policy = (typeof policy === 'string' ? policies[policy] : policy)(places)
  }

  /** Entries, with those whose end nobody has noticed yet. */
  get size(): number {
    return this.#placeOf.size
  }

  /** 0 without `sizeOf`. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get counts(): Readonly<MemoryCacheCounts> {
    return { ...this.#counts }
  }

  /** Undefined when it is not there. A value that is itself `undefined` looks the same: `has` tells. */
  get(key: Key): Value | undefined {
    const place = this.#placeOf.get(key)
    if (place === undefined) {
      this.#counts.misses++
      return undefined
    }
    const goneAtMs = this.#goneAtMs[place]!
    if (goneAtMs !== Infinity && goneAtMs <= this.#clock()) {
      this.#counts.misses++
      this.#leave(place, 'expired')
      return undefined
    }
    this.#counts.hits++
    this.#policy.hit(place)
    return this.#values[place]
  }

  /** As `get`, but unseen by policy and counters. */
  peek(key: Key): Value | undefined {
    const place = this.#placeOf.get(key)
    return place === undefined || this.#isOver(place) ? undefined : this.#values[place]
  }

  has(key: Key): boolean {
    const place = this.#placeOf.get(key)
    return place !== undefined && !this.#isOver(place)
  }

  /** @returns false when it was not kept: larger than the cache, or over before it began. What was there under the key is gone then too */
  set(key: Key, value: Value, ttlMs: number = this.#ttlMs): boolean {
    return this.setUntil(key, value, ttlMs === Infinity ? Infinity : this.#clock() + ttlMs)
  }

  /** As `set`, by the instant it ends, in milliseconds since 1970. */
  setUntil(key: Key, value: Value, goneAtMs: number): boolean {
    const size = this.#sizeOf === undefined ? 0 : whole('sizeOf', this.#sizeOf(value, key), Number.MAX_SAFE_INTEGER)
    this.#counts.sets++
    const place = this.#placeOf.get(key)
    if (size > this.#maxBytes || !(goneAtMs === Infinity || goneAtMs > this.#clock())) {
      if (place !== undefined) this.#leave(place, this.#isOver(place) ? 'expired' : 'replaced')
      return false
    }
    if (goneAtMs !== Infinity) this.#anyEnds = true
    if (place === undefined) this.#insert(key, value, goneAtMs, size)
    else this.#replace(place, value, goneAtMs, size)
    return true
  }

  /** @returns whether it was there */
  delete(key: Key): boolean {
    const place = this.#placeOf.get(key)
    if (place === undefined) return false
    const over = this.#isOver(place)
    this.#leave(place, over ? 'expired' : 'deleted')
    return !over
  }

  clear(): void {
    const left = this.#onLeave === undefined ? [] : Array.from(this.#placeOf.values(), place => this.#leaver(place))
    this.#placeOf.clear()
    this.#policy.clear()
    this.#keys.fill(undefined)
    this.#values.fill(undefined)
    this.#goneAtMs.fill(Infinity)
    this.#free.length = 0
    this.#usedPlaces = 0
    this.#sizeBytes = 0
    for (const { key, value, why } of left) this.#onLeave?.(key, value, why)
  }

  /**
   * What is there, what would leave first, first: set again in this order after a restart, the most useful is kept even where less fits.
   * The cache must not be written to meanwhile.
   */
  *entries(): Generator<MemoryCacheEntry<Key, Value>> {
    for (const place of this.#policy.order())
      if (!this.#isOver(place))
        yield { key: this.#keys[place]!, value: this.#values[place] as Value, goneAtMs: this.#goneAtMs[place]! }
  }

  #insert(key: Key, value: Value, goneAtMs: number, size: number): void {
    if (this.#anyEnds) this.#sweep()
    while (this.#placeOf.size >= this.#maxEntries || this.#sizeBytes + size > this.#maxBytes) this.#evict()
    const place = this.#free.pop() ?? this.#newPlace()
    this.#placeOf.set(key, place)
    this.#keys[place] = key
    this.#values[place] = value
    this.#goneAtMs[place] = goneAtMs
    if (this.#sizes !== undefined) {
      this.#sizes[place] = size
      this.#sizeBytes += size
    }
    this.#policy.insert(place)
  }

  /** A use like any other: who writes a value means to read it. */
  #replace(place: number, value: Value, goneAtMs: number, size: number): void {
    const key = this.#keys[place]!
    const before = this.#values[place] as Value
    const over = this.#isOver(place)
    if (over) this.#counts.expired++
    this.#values[place] = value
    this.#goneAtMs[place] = goneAtMs
    this.#policy.hit(place)
    if (this.#sizes !== undefined && this.#sizes[place] !== size) {
      const grewBy = size - this.#sizes[place]!
      this.#sizes[place] = size
      this.#sizeBytes += grewBy
      this.#policy.reweigh(place, grewBy)
      while (this.#sizeBytes > this.#maxBytes) this.#evict()
    }
    this.#onLeave?.(key, before, over ? 'expired' : 'replaced')
  }

  #evict(): void {
    this.#counts.evicted++
    const place = this.#policy.evict()
    const key = this.#keys[place]!
    this.#vacate(place, 'capacity')
    this.#onEvict?.(key)
  }

  #leave(place: number, why: Leaving): void {
    if (why === 'expired') this.#counts.expired++
    this.#policy.remove(place)
    this.#vacate(place, why)
  }

  #vacate(place: number, why: Leaving): void {
    const key = this.#keys[place]!
    const value = this.#values[place] as Value
    this.#placeOf.delete(key)
    this.#keys[place] = undefined
    this.#values[place] = undefined
    this.#goneAtMs[place] = Infinity
    if (this.#sizes !== undefined) this.#sizeBytes -= this.#sizes[place]!
    this.#free.push(place)
    this.#onLeave?.(key, value, why)
  }

  #leaver(place: number): { readonly key: Key; readonly value: Value; readonly why: Leaving } {
    const why = this.#isOver(place) ? 'expired' : 'cleared'
    return { key: this.#keys[place]!, value: this.#values[place] as Value, why }
  }

  #sweep(): void {
    for (let looked = 0; looked < sweptPerInsert && this.#usedPlaces > 0; looked++) {
      this.#sweepAt = this.#sweepAt >= this.#usedPlaces ? 1 : this.#sweepAt + 1
      if (this.#isOver(this.#sweepAt)) this.#leave(this.#sweepAt, 'expired')
    }
  }

  #isOver(place: number): boolean {
    const goneAtMs = this.#goneAtMs[place]!
    return goneAtMs !== Infinity && goneAtMs <= this.#clock()
  }

  #newPlace(): number {
    if (this.#usedPlaces === this.#places) this.#grow()
    return ++this.#usedPlaces
  }

  #grow(): void {
    this.#places = Math.min(this.#maxEntries, Math.max(firstPlaces, this.#places * 2))
    this.#keys = roomier(this.#keys, this.#places)
    this.#values = roomier(this.#values, this.#places)
    this.#goneAtMs = grown(this.#goneAtMs, this.#places)
    if (this.#sizes !== undefined) this.#sizes = grown(this.#sizes, this.#places)
    this.#policy.grow(this.#places)
  }
}

/** Of exactly this length: an array that grows by itself keeps half as much again in reserve. */
function roomier<T>(before: readonly T[], places: number): (T | undefined)[] {
  const after = Array.from<T | undefined>({ length: places + 1 })
  for (let at = 0; at < before.length; at++) after[at] = before[at]
  return after
}

function whole(what: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new RangeError(`${what} of a cache must be a whole number from 1 to ${most}, not ${value}`)
}
