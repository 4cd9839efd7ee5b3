/** Roughly how often each key was asked for of late, in four bits each: a count-min sketch that halves itself. */

/** Four counters of a key, each of its own hash: the smallest is nearest to the truth. */
const seeds = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const
const mostCounted = 15
/** So many hits for each counter and everything is halved: what was popular once must be able to lose. TinyLFU, ACM TOS 2017. */
const sampleFactor = 10

export class Sketch {
  #counts = new Uint8Array(0)
  #mask = 0
  #added = 0
  #sample = 0

  resize(places: number): void {
    const width = 2 ** Math.ceil(Math.log2(Math.max(64, places)))
    // A byte a counter, a key's four share the table: half the memory of four tables and as good.
    this.#counts = new Uint8Array(width * 4)
    this.#mask = width * 4 - 1
    this.#sample = Math.max(64, places) * sampleFactor
    this.#added = 0
  }

  add(hash: number): void {
    let counted = false
    for (const seed of seeds) {
      const at = spread(hash, seed) & this.#mask
      if (this.#counts[at]! < mostCounted) {
        this.#counts[at]!++
        counted = true
      }
    }
    if (counted && ++this.#added >= this.#sample) this.#halve()
  }

  estimate(hash: number): number {
    let least = mostCounted
    for (const seed of seeds) least = Math.min(least, this.#counts[spread(hash, seed) & this.#mask]!)
    return least
  }

  clear(): void {
    this.#counts.fill(0)
    this.#added = 0
  }

  #halve(): void {
    for (let at = 0; at < this.#counts.length; at++) this.#counts[at]! >>>= 1
    this.#added = Math.floor(this.#added / 2)
  }
}

function spread(hash: number, seed: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), seed)
  return mixed ^ (mixed >>> 15)
}
