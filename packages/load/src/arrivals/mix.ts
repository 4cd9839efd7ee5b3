/** What each arrival does: drawn from its global number, so that any number of workers make the same choices between them. */

/** Which of the weights the arrival of a global number falls to. A weight of 0 is never drawn; there must be one above 0. */
export function weightedMix(weights: readonly number[], seed: number): (arrival: number) => number {
  const upTo: number[] = []
  let total = 0
  for (const weight of weights) upTo.push((total += weight))
  return arrival => {
    const drawn = drawOf(seed, arrival) * total
    let index = 0
    while (drawn >= upTo[index]!) index++
    return index
  }
}

/**
 * From 0 up to but not including 1, as good as random, from the seed's lower 32 bits and the arrival's number alone: two rounds
 * of the splitmix32 finaliser over each half of the number. Arrivals need not be asked for in order.
 */
export function drawOf(seed: number, arrival: number): number {
  const low = mixed((arrival | 0) ^ mixed((seed + 0x9e3779b9) | 0))
  return (mixed(low ^ Math.floor(arrival / 2 ** 32)) >>> 0) / 2 ** 32
}

function mixed(value: number): number {
  const half = Math.imul(value ^ (value >>> 16), 0x21f0aaad)
  const most = Math.imul(half ^ (half >>> 15), 0x735a2d97)
  return most ^ (most >>> 15)
}
