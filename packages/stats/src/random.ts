/** Random numbers that a seed repeats exactly, so that a simulation or a random order can be run again. */

/** A source of numbers from 0 up to but not including 1; `Math.random` is one. */
export type Random = () => number

/** xoshiro128** of Blackman and Vigna, its state filled from the seed by splitmix32. Any finite seed is fine, its lower 32 bits count. */
export function seededRandom(seed: number): Random {
  const nextSeed = splitmix32(seed)
  let a = nextSeed()
  let b = nextSeed()
  let c = nextSeed()
  let d = nextSeed()
  const next = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return result
  }
  // Two draws make the 53 bits of a double; 32 bits alone would repeat values in a long simulation.
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53
}

/** Standard normal draw (Box-Muller, the cosine half). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** Exponential draw with mean 1: the gap between arrivals of a Poisson process, in units of its mean gap. */
export function exponential(random: Random): number {
  return -Math.log(1 - random())
}

/** Whole number from 0 to `below - 1`. */
export function randomInteger(random: Random, below: number): number {
  return Math.floor(random() * below)
}

/** A copy in random order (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last--) {
    const other = randomInteger(random, last + 1)
    const moved = copy[last]!
    copy[last] = copy[other]!
    copy[other] = moved
  }
  return copy
}

function splitmix32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
