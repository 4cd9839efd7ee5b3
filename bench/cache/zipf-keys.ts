/** Keys as services ask for them: a few very often, most seldom. */

/** @returns a draw for each call, of `keys`; the k-th most popular with a weight of k to the power of -`skew` */
export function zipfKeys(keys: readonly string[], draws: number, skew = 0.9): readonly string[] {
  const sums = new Float64Array(keys.length)
  let total = 0
  for (let rank = 0; rank < keys.length; rank++) sums[rank] = total += (rank + 1) ** -skew
  return Array.from({ length: draws }, (_, draw) => keys[firstAbove(sums, spread(draw) * total)]!)
}

export function manyKeys(count: number): readonly string[] {
  // Popular keys must not lie side by side in memory because they were made one after the other.
  return Array.from({ length: count }, (_, at) => flat(`user:${String((at * 7_919) % count).padStart(9, '0')}:profile`))
}

/** Of one piece: a text that was put together weighs less once somebody has read it, and the cache that does so would seem lighter. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** The multiples of the golden ratio: as even as any draw, and the same in every run. */
function spread(draw: number): number {
  return (draw * 0.6180339887498949) % 1
}

function firstAbove(sums: Float64Array, at: number): number {
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sums[middle]! < at) low = middle + 1
    else high = middle
  }
  return low
}
