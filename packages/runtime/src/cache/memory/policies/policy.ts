/** What decides who has to leave a full cache. It knows places, not keys or values: a number for each entry, from 1 on. */

/** What a policy may ask about the entry in a place. */
export interface Places {
  /** Entries or bytes, as the cache is bounded. */
  readonly maxWeight: number
  /** 1 where the cache counts entries. */
  weightOf(place: number): number
  /** 32 bits. Computed from the key at each asking, so not to be asked for at every hit. */
  hashOf(place: number): number
}

export interface EvictionPolicy {
  /** Places 1 to `places` may be used from now on; what is known of those before stays. Called before the first `insert`. */
  grow(places: number): void
  insert(place: number): void
  /** The one method on the path of every hit. */
  hit(place: number): void
  /** Its weight has just changed by so much. */
  reweigh(place: number, byWeight: number): void
  /** It was deleted, or its time was over: no verdict on its worth. */
  remove(place: number): void
  /** Chooses one, forgets it and says which. Only called when there is any. */
  evict(): number
  clear(): void
  /** All places, those that would leave first, first. */
  order(): Iterable<number>
}

export type PolicyMaker = (places: Places) => EvictionPolicy
