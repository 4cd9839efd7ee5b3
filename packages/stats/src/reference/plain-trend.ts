/** The obvious trend test and slope: try every order, and every slope on a grid. Tests compare the fast ones with them. */

export function plainS(values: readonly number[]): number {
  return values.reduce(
    (sum, value, at) => sum + values.slice(at + 1).reduce((signs, later) => signs + Math.sign(later - value), 0),
    0,
  )
}

/** P(S at least that of `values`) over all orders of them. */
export function plainPRising(values: readonly number[]): number {
  const observed = plainS(values)
  const all = orders(values).map(plainS)
  return all.filter(s => s >= observed).length / all.length
}

function orders(values: readonly number[]): number[][] {
  if (values.length <= 1) return [[...values]]
  return values.flatMap((first, at) => orders(values.toSpliced(at, 1)).map(rest => [first, ...rest]))
}

/** The slopes on the grid that, taken away, leave neither a rise nor a fall that is rarer than (1 - confidence) / 2. */
export function plainSlopeInterval(
  values: readonly number[],
  confidence: number,
  grid: readonly number[],
): [number, number] {
  const kept = grid.filter(slope => {
    const left = values.map((value, at) => value - slope * at)
    return Math.min(plainPRising(left), plainPRising(left.map(value => -value))) > (1 - confidence) / 2
  })
  return [kept[0]!, kept.at(-1)!]
}
