/**
 * W-TinyLFU: what comes in has to be asked for more often than what it would push out, by a sketch of the recent past. Best where popularity
 * is steady; where it moves it can fall far below LRU. Einziger et al., "TinyLFU", ACM TOS 2017.
 */
import { type EvictionPolicy, type Places } from './policy.ts'
import { grown, PlaceLinks, PlaceList } from './place-list.ts'
import { Sketch } from './sketch.ts'

/** Of the whole, and of what is not the window: the paper's and Caffeine's. */
const windowFraction = 0.01
const protectedFraction = 0.8

const inWindow = 0
const onProbation = 1
const isProtected = 2

export class WTinyLfu implements EvictionPolicy {
  readonly #places: Places
  readonly #links = new PlaceLinks()
  readonly #lists = [new PlaceList(this.#links), new PlaceList(this.#links), new PlaceList(this.#links)] as const
  readonly #weights = [0, 0, 0]
  readonly #sketch = new Sketch()
  readonly #windowTarget: number
  readonly #protectedTarget: number
  #listOf = new Uint8Array(1)
  #hashes = new Uint32Array(1)

  constructor(places: Places) {
    this.#places = places
    this.#windowTarget = Math.max(1, places.maxWeight * windowFraction)
    this.#protectedTarget = (places.maxWeight - this.#windowTarget) * protectedFraction
  }

  grow(places: number): void {
    this.#links.grow(places)
    this.#listOf = grown(this.#listOf, places)
    this.#hashes = grown(this.#hashes, places)
    this.#sketch.resize(places)
  }

  insert(place: number): void {
    const hash = this.#places.hashOf(place)
    this.#hashes[place] = hash
    this.#sketch.add(hash)
    this.#push(place, inWindow)
    while (this.#weights[inWindow]! > this.#windowTarget) this.#move(this.#lists[inWindow].oldest, onProbation)
  }

  hit(place: number): void {
    this.#sketch.add(this.#hashes[place]!)
    const list = this.#listOf[place]!
    if (list !== onProbation) return this.#lists[list]!.moveToNewest(place)
    this.#move(place, isProtected)
    while (this.#weights[isProtected]! > this.#protectedTarget) this.#move(this.#lists[isProtected].oldest, onProbation)
  }

  reweigh(place: number, byWeight: number): void {
    this.#weights[this.#listOf[place]!]! += byWeight
  }

  remove(place: number): void {
    const list = this.#listOf[place]!
    this.#lists[list]!.remove(place)
    this.#weights[list]! -= this.#places.weightOf(place)
  }

  evict(): number {
    const place = this.#loser()
    this.remove(place)
    return place
  }

  clear(): void {
    for (const list of this.#lists) list.clear()
    this.#weights.fill(0)
    this.#sketch.clear()
  }

  *order(): Generator<number> {
    yield* this.#lists[onProbation]
    yield* this.#lists[inWindow]
    yield* this.#lists[isProtected]
  }

  /** The oldest of the window against the oldest of the rest; who stays of the window goes on probation. */
  #loser(): number {
    const victim = this.#lists[onProbation].oldest || this.#lists[isProtected].oldest
    const candidate = this.#lists[inWindow].oldest
    if (victim === 0) return candidate
    if (candidate === 0 || this.#weights[inWindow]! < this.#windowTarget) return victim
    if (this.#sketch.estimate(this.#hashes[candidate]!) <= this.#sketch.estimate(this.#hashes[victim]!))
      return candidate
    this.#move(candidate, onProbation)
    return victim
  }

  #move(place: number, list: 0 | 1 | 2): void {
    this.remove(place)
    this.#push(place, list)
  }

  #push(place: number, list: 0 | 1 | 2): void {
    this.#listOf[place] = list
    this.#lists[list].push(place)
    this.#weights[list]! += this.#places.weightOf(place)
  }
}
