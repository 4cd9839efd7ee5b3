/** The obvious truncation rule: for each cut, the variance of what is left over how much is left. Tests compare the fast one with it. */

export function plainCut(values: readonly number[]): number {
  const errors = Array.from({ length: Math.floor(values.length / 2) + 1 }, (_, cut) => {
    const left = values.slice(cut)
    const mean = left.reduce((sum, value) => sum + value, 0) / left.length
    return left.reduce((sum, value) => sum + (value - mean) ** 2, 0) / left.length ** 2
  })
  const least = Math.min(...errors)
  return errors.findIndex(error => error <= least + 1e-9)
}
