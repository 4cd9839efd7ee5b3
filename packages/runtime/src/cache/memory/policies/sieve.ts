/**
 * SIEVE: one queue and a hand that walks from old to new, sparing once what was asked for since it came by. As cheap as FIFO at a hit,
 * but a loop over more keys than fit empties it. Zhang et al., NSDI 2024.
 */
import { type EvictionPolicy } from './policy.ts'
import { grown, PlaceLinks, PlaceList } from './place-list.ts'

export class Sieve implements EvictionPolicy {
  readonly #links = new PlaceLinks()
  readonly #queue = new PlaceList(this.#links)
  #asked = new Uint8Array(1)
  #hand = 0

  grow(places: number): void {
    this.#links.grow(places)
    this.#asked = grown(this.#asked, places)
  }

  insert(place: number): void {
    this.#asked[place] = 0
    this.#queue.push(place)
  }

  hit(place: number): void {
    this.#asked[place] = 1
  }

  reweigh(): void {}

  remove(place: number): void {
    if (place === this.#hand) this.#hand = this.#queue.after(place)
    this.#queue.remove(place)
  }

  evict(): number {
    let place = this.#hand === 0 ? this.#queue.oldest : this.#hand
    while (this.#asked[place] === 1) {
      this.#asked[place] = 0
      const after = this.#queue.after(place)
      place = after === 0 ? this.#queue.oldest : after
    }
    this.#hand = this.#queue.after(place)
    this.#queue.remove(place)
    return place
  }

  clear(): void {
    this.#queue.clear()
    this.#hand = 0
  }

  order(): Iterable<number> {
    return this.#queue
  }
}
