/** Chance without a state: a number that depends only on the seed, the user and the place that asks, whichever worker asks. */

/**
 * From 0 up to but not including 1, with 32 random bits. The same for the same three numbers, so that a user thinks as long
 * and draws the same row on every worker and in every repetition; the mixing is the finaliser of MurmurHash3, applied to each.
 */
export function drawn(seed: number, arrival: number, place: number): number {
  let mixed = mix((seed | 0) + 0x9e3779b9)
  mixed = mix(mixed ^ (arrival | 0))
  // Arrivals beyond 2^32 are a week at 7,000 a second; their upper half must still count.
  if (arrival > 0xffff_ffff) mixed = mix(mixed ^ Math.floor(arrival / 2 ** 32))
  mixed = mix((mixed ^ place) + 0x85ebca6b)
  return (mixed >>> 0) / 2 ** 32
}

function mix(value: number): number {
  let mixed = value | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
