/** Shares of routes as whole numbers that a person can compare at a glance. */

/** Small counts are kept, without a common factor; large ones become parts of a thousand, none less than one. */
export function neatWeights(counts: readonly number[]): number[] {
  const divisor = counts.reduce(greatestCommonDivisor, 0) || 1
  const reduced = counts.map(count => count / divisor)
  if (Math.max(...reduced) <= 100) return reduced
  const total = counts.reduce((sum, count) => sum + count, 0)
  const perMille = counts.map(count => Math.max(1, Math.round((count / total) * 1_000)))
  const again = perMille.reduce(greatestCommonDivisor, 0) || 1
  return perMille.map(share => share / again)
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return x
}
