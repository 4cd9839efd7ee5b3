/** Queues of places in two arrays of numbers, so that an entry costs eight bytes and no object, in whichever queue it is. */

/** The links of all queues of one policy: a place is in one queue at a time. 0 is nobody. */
export class PlaceLinks {
  next = new Uint32Array(1)
  previous = new Uint32Array(1)

  grow(places: number): void {
    this.next = grown(this.next, places)
    this.previous = grown(this.previous, places)
  }
}

export class PlaceList {
  readonly #links: PlaceLinks
  oldest = 0
  newest = 0

  constructor(links: PlaceLinks) {
    this.#links = links
  }

  push(place: number): void {
    const { next, previous } = this.#links
    next[place] = 0
    previous[place] = this.newest
    if (this.newest === 0) this.oldest = place
    else next[this.newest] = place
    this.newest = place
  }

  remove(place: number): void {
    const { next, previous } = this.#links
    const [after, before] = [next[place]!, previous[place]!]
    if (before === 0) this.oldest = after
    else next[before] = after
    if (after === 0) this.newest = before
    else previous[after] = before
  }

  moveToNewest(place: number): void {
    if (place === this.newest) return
    this.remove(place)
    this.push(place)
  }

  after(place: number): number {
    return this.#links.next[place]!
  }

  clear(): void {
    this.oldest = 0
    this.newest = 0
  }

  *[Symbol.iterator](): Generator<number> {
    for (let place = this.oldest; place !== 0; place = this.#links.next[place]!) yield place
  }
}

/** The same numbers in an array with room for places up to `places`. */
export function grown<Numbers extends Uint8Array | Uint32Array | Float64Array>(
  before: Numbers,
  places: number,
): Numbers {
  const after = new (before.constructor as new (length: number) => Numbers)(places + 1)
  after.set(before)
  return after
}
