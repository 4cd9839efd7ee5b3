/**
 * S3-FIFO: most keys are asked for once, so new ones pass through a small queue first, and only those asked for again reach the main one;
 * one that left the small queue too early is remembered and comes back into the main one. A hit is one write of one byte.
 * Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023.
 */
import { type EvictionPolicy, type Places } from './policy.ts'
import { Ghost } from './ghost.ts'
import { grown, PlaceLinks, PlaceList } from './place-list.ts'

/** Of the whole weight: the paper's, which found anything from 5 to 20 % about as good. */
const smallFraction = 0.1
/** Hits are counted up to three: what was asked for often may pass the main queue so many times. */
const mostHits = 3
const hitsMask = 0b11
const inMain = 0b100

export class S3Fifo implements EvictionPolicy {
  readonly #places: Places
  readonly #links = new PlaceLinks()
  readonly #small = new PlaceList(this.#links)
  readonly #main = new PlaceList(this.#links)
  readonly #ghost = new Ghost()
  /** Hits of each place, and whether it is in the main queue. */
  #marks = new Uint8Array(1)
  #smallWeight = 0
  readonly #smallTarget: number

  constructor(places: Places) {
    this.#places = places
    this.#smallTarget = places.maxWeight * smallFraction
  }

  grow(places: number): void {
    this.#links.grow(places)
    this.#marks = grown(this.#marks, places)
    this.#ghost.resize(Math.ceil(places * (1 - smallFraction)))
  }

  insert(place: number): void {
    if (this.#ghost.take(this.#places.hashOf(place))) this.#pushMain(place, 0)
    else {
      this.#marks[place] = 0
      this.#small.push(place)
      this.#smallWeight += this.#places.weightOf(place)
    }
  }

  hit(place: number): void {
    const marks = this.#marks[place]!
    if ((marks & hitsMask) < mostHits) this.#marks[place] = marks + 1
  }

  reweigh(place: number, byWeight: number): void {
    if (this.#marks[place]! < inMain) this.#smallWeight += byWeight
  }

  remove(place: number): void {
    if (this.#marks[place]! >= inMain) this.#main.remove(place)
    else this.#shift(place)
  }

  evict(): number {
    for (;;) {
      if (this.#main.oldest === 0 || (this.#small.oldest !== 0 && this.#smallWeight >= this.#smallTarget)) {
        const place = this.#small.oldest
        this.#shift(place)
        // Once is enough: to ask for two hits falls 1.5 points below LRU where most keys come back (docs/decisions/cache.md).
        if (this.#marks[place]! > 0) this.#pushMain(place, 0)
        else {
          this.#ghost.add(this.#places.hashOf(place))
          return place
        }
      } else {
        const place = this.#main.oldest
        this.#main.remove(place)
        const hits = this.#marks[place]! & hitsMask
        if (hits === 0) return place
        this.#pushMain(place, hits - 1)
      }
    }
  }

  clear(): void {
    this.#small.clear()
    this.#main.clear()
    this.#ghost.clear()
    this.#smallWeight = 0
  }

  *order(): Generator<number> {
    yield* this.#small
    yield* this.#main
  }

  #pushMain(place: number, hits: number): void {
    this.#marks[place] = inMain | hits
    this.#main.push(place)
  }

  #shift(place: number): void {
    this.#small.remove(place)
    this.#smallWeight -= this.#places.weightOf(place)
  }
}
