/** The obvious quantile: sort everything, take the value of rank ceil(q × n). Tests compare the fast ones with it. */
export function plainQuantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  let rank = 1
  while (rank < sorted.length && rank / sorted.length < q - 1e-12) rank++
  return sorted[rank - 1]!
}
