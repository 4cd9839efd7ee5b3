/** Places on an axis that people can read: 1, 2, 5 on log axes, round steps on linear ones. */

/** 1-2-5 ticks inside [low, high]; thinned to powers of ten where there would be more than `most`. */
export function logTicks(low: number, high: number, most = 9): readonly number[] {
  for (const mantissas of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = decades(low, high).flatMap(power => mantissas.map(mantissa => mantissa * power))
    const inside = ticks.filter(tick => tick >= low * 0.999 && tick <= high * 1.001)
    if (inside.length <= most || mantissas.length === 1) return inside
  }
  return []
}

/** Ends moved out to the next 1-2-5 tick, so that lines do not touch the frame. */
export function logRange(low: number, high: number): readonly [low: number, high: number] {
  const safeLow = low > 0 ? low : 0.001
  const steps = decades(safeLow, Math.max(high, safeLow)).flatMap(power => [power, 2 * power, 5 * power])
  const below = steps.findLast(step => step <= safeLow * 1.0001) ?? safeLow
  const above = steps.find(step => step >= high * 0.9999 && step > below) ?? high * 2
  return [below, above]
}

/** Position of a value on a log axis, 0 to 1. */
export function logPosition(value: number, [low, high]: readonly [low: number, high: number]): number {
  const position = Math.log(Math.max(value, low * 1e-6) / low) / Math.log(high / low)
  return Math.min(1, Math.max(0, position))
}

/** Round steps from 0 to `high`, at most `most` of them. */
export function linearTicks(high: number, most = 8): readonly number[] {
  if (!(high > 0)) return [0]
  const rough = high / most
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(mantissa => mantissa * power).find(candidate => candidate >= rough)!
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, index) => index * step)
}

/** Moves labels apart to `gap`, keeping their order and staying inside [0, size]. */
export function spread(positions: readonly number[], gap: number, size: number): readonly number[] {
  const order = positions.map((_, index) => index).toSorted((a, b) => positions[a]! - positions[b]!)
  const moved = [...positions]
  order.forEach((index, rank) => {
    if (rank > 0) moved[index] = Math.max(moved[index]!, moved[order[rank - 1]!]! + gap)
  })
  const overshoot = order.length > 0 ? Math.max(0, moved[order.at(-1)!]! - size) : 0
  if (overshoot > 0) {
    moved[order.at(-1)!]! -= overshoot
    for (let rank = order.length - 2; rank >= 0; rank--) {
      moved[order[rank]!] = Math.min(moved[order[rank]!]!, moved[order[rank + 1]!]! - gap)
    }
  }
  return moved
}

function decades(low: number, high: number): readonly number[] {
  const first = Math.floor(Math.log10(low)) - 1
  const last = Math.ceil(Math.log10(high)) + 1
  return Array.from({ length: Math.min(40, last - first + 1) }, (_, index) => 10 ** (first + index))
}
