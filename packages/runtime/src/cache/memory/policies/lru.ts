/** Least recently used: what was asked for longest ago leaves. Pays a move in its queue at every hit. */
import { type EvictionPolicy } from './policy.ts'
import { PlaceLinks, PlaceList } from './place-list.ts'

export class Lru implements EvictionPolicy {
  readonly #links = new PlaceLinks()
  readonly #queue = new PlaceList(this.#links)

  grow(places: number): void {
    this.#links.grow(places)
  }

  insert(place: number): void {
    this.#queue.push(place)
  }

  hit(place: number): void {
    this.#queue.moveToNewest(place)
  }

  reweigh(): void {}

  remove(place: number): void {
    this.#queue.remove(place)
  }

  evict(): number {
    const place = this.#queue.oldest
    this.#queue.remove(place)
    return place
  }

  clear(): void {
    this.#queue.clear()
  }

  order(): Iterable<number> {
    return this.#queue
  }
}
