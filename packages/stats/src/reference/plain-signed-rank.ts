/** The obvious signed-rank test: try every combination of signs. Tests compare the fast one with it. */

/** Two-sided p by listing all 2^n signs of the non-zero differences, the zeros having taken the lowest ranks. */
export function plainSignedRankP(differences: readonly number[]): number {
  const sizes = differences.map(Math.abs)
  const ranks = sizes.map(size => {
    const smaller = sizes.filter(other => other < size).length
    const equal = sizes.filter(other => other === size).length
    return smaller + (equal + 1) / 2
  })
  const moving = ranks.filter((_, at) => differences[at] !== 0)
  const observed = ranks.reduce((sum, rank, at) => sum + (differences[at]! > 0 ? rank : 0), 0)
  const centre = moving.reduce((sum, rank) => sum + rank, 0) / 2
  let asFar = 0
  for (let signs = 0; signs < 2 ** moving.length; signs++) {
    const sum = moving.reduce((total, rank, at) => total + ((signs >> at) & 1 ? rank : 0), 0)
    if (Math.abs(sum - centre) >= Math.abs(observed - centre) - 1e-9) asFar++
  }
  return asFar / 2 ** moving.length
}

/** The shifts that `plainSignedRankP` would not reject at `level`, searched on a fine grid: what the interval must be. */
export function plainShiftInterval(differences: readonly number[], level: number, step: number): [number, number] {
  const kept: number[] = []
  const end = Math.max(...differences)
  for (let shift = Math.min(...differences); shift <= end; shift += step) {
    if (plainSignedRankP(differences.map(value => value - shift)) > level) kept.push(shift)
  }
  return [kept[0]!, kept.at(-1)!]
}
