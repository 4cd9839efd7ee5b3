/** Gunther's Universal Scalability Law fitted to a load curve: what contention and coherency cost, and where more load yields less. */
import type { Interval } from './binomial.ts'
import { quantile } from './quantile.ts'
import { randomInteger, type Random } from './random.ts'

export interface LoadPoint {
  readonly concurrency: number
  readonly throughput: number
}

/** X(N) = g N / (1 + a (N - 1) + b N (N - 1)). */
export interface UslFit {
  /** g: throughput of one, undisturbed. */
  readonly single: Interval
  /** a: the fraction that waits for its turn. */
  readonly contention: Interval
  /** b: the cost of keeping everyone informed of everyone. */
  readonly coherency: Interval
  readonly knee: Knee
  /** Root mean square of the relative residuals. */
  readonly errorFraction: number
}

/** The most throughput, told only where it was measured: beyond the last point the curve is a guess. */
export type Knee =
  | {
      readonly kind: 'measured'
      readonly concurrency: Interval
      readonly throughput: number
      /** The upper end of the interval reached the last point, so the truth may lie beyond it. */
      readonly openAbove: boolean
    }
  | { readonly kind: 'beyond-measured'; readonly largestMeasured: number }

export interface UslOptions {
  readonly random: Random
  /** Default 400. */
  readonly resamples?: number
  /** Default 0.95. */
  readonly confidence?: number
}

/** The three parameters without their intervals. */
export interface UslCurve {
  readonly single: number
  readonly contention: number
  readonly coherency: number
}

const FEWEST_POINTS = 4

/**
 * Fit by least squares of the relative error with no parameter below zero; intervals by resampling the residuals.
 * Throws RangeError with fewer than four different concurrencies, or any point that is not positive.
 */
export function fitUsl(points: readonly LoadPoint[], options: UslOptions): UslFit {
  if (new Set(points.map(point => point.concurrency)).size < FEWEST_POINTS) {
    throw new RangeError(`the scalability fit needs ${FEWEST_POINTS} different concurrencies`)
  }
  if (!points.every(point => point.concurrency > 0 && point.throughput > 0)) {
    throw new RangeError('the scalability fit needs positive concurrencies and throughputs')
  }
  const best = fitCurve(points)
  const residuals = points.map(point => point.throughput / throughputOf(best, point.concurrency) - 1)
  const curves = resampledCurves(points, best, residuals, options)
  const tail = (1 - (options.confidence ?? 0.95)) / 2
  const intervalOf = (read: (curve: UslCurve) => number): Interval => {
    const values = curves.map(read)
    return { estimate: read(best), low: quantile(values, tail), high: quantile(values, 1 - tail) }
  }
  return {
    single: intervalOf(curve => curve.single),
    contention: intervalOf(curve => curve.contention),
    coherency: intervalOf(curve => curve.coherency),
    knee: kneeWithin(Math.max(...points.map(point => point.concurrency)), best, intervalOf(kneeOf)),
    errorFraction: Math.sqrt(residuals.reduce((sum, residual) => sum + residual * residual, 0) / residuals.length),
  }
}

/** Throughput the law gives at `concurrency`. */
export function throughputOf({ single, contention, coherency }: UslCurve, concurrency: number): number {
  const others = concurrency - 1
  return (single * concurrency) / (1 + contention * others + coherency * concurrency * others)
}

function kneeOf({ contention, coherency }: UslCurve): number {
  return coherency === 0 ? Infinity : Math.sqrt(Math.max(0, 1 - contention) / coherency)
}

function kneeWithin(largestMeasured: number, best: UslCurve, knee: Interval): Knee {
  if (knee.estimate > largestMeasured) return { kind: 'beyond-measured', largestMeasured }
  const concurrency = { ...knee, high: Math.min(knee.high, largestMeasured) }
  const openAbove = knee.high > largestMeasured
  return { kind: 'measured', concurrency, throughput: throughputOf(best, knee.estimate), openAbove }
}

/**
 * N / X(N) = 1/g + (a/g) (N - 1) + (b/g) N (N - 1) is linear, so with only three parameters the best non-negative fit is
 * found by trying which of a and b is held at zero.
 */
function fitCurve(points: readonly LoadPoint[]): UslCurve {
  let best: { curve: UslCurve; squares: number } | undefined
  for (const held of [[], [1], [2], [1, 2]]) {
    const curve = fitWithout(points, new Set(held))
    if (!curve) continue
    const squares = points.reduce(
      (sum, point) => sum + (point.throughput / throughputOf(curve, point.concurrency) - 1) ** 2,
      0,
    )
    if (!best || squares < best.squares) best = { curve, squares }
  }
  if (!best) throw new RangeError('no scalability curve fits these points')
  return best.curve
}

function fitWithout(points: readonly LoadPoint[], held: ReadonlySet<number>): UslCurve | undefined {
  const free = [0, 1, 2].filter(column => !held.has(column))
  const rows = points.map(({ concurrency, throughput }) => {
    // Dividing by N / X turns equal relative errors into equal weights; the right side becomes 1.
    const weight = throughput / concurrency
    const columns = [weight, weight * (concurrency - 1), weight * concurrency * (concurrency - 1)]
    return free.map(column => columns[column]!)
  })
  const solved = leastSquares(rows)
  if (!solved?.every(value => value >= 0) || !(solved[0]! > 0)) return undefined
  const [perRequest, contention, coherency] = [0, 1, 2].map(column => solved[free.indexOf(column)] ?? 0)
  return { single: 1 / perRequest!, contention: contention! / perRequest!, coherency: coherency! / perRequest! }
}

/** Solves min |rows × x - 1|² by its normal equations, scaled by column so that N² does not drown 1. */
function leastSquares(rows: readonly (readonly number[])[]): number[] | undefined {
  const width = rows[0]!.length
  const scales = Array.from({ length: width }, (_, column) => Math.hypot(...rows.map(row => row[column]!)))
  if (scales.some(scale => !(scale > 0))) return undefined
  const scaled = rows.map(row => row.map((value, column) => value / scales[column]!))
  const matrix = Array.from({ length: width }, (_, line) => [
    ...Array.from({ length: width }, (__, column) => scaled.reduce((sum, row) => sum + row[line]! * row[column]!, 0)),
    scaled.reduce((sum, row) => sum + row[line]!, 0),
  ])
  return solve(matrix)?.map((value, column) => value / scales[column]!)
}

/** Gaussian elimination with pivoting of a small matrix whose last column is the right side. */
function solve(matrix: number[][]): number[] | undefined {
  const size = matrix.length
  for (let column = 0; column < size; column++) {
    let pivot = column
    for (let line = column + 1; line < size; line++) {
      if (Math.abs(matrix[line]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = line
    }
    const chosen = matrix[pivot]!
    if (Math.abs(chosen[column]!) < 1e-12) return undefined
    matrix[pivot] = matrix[column]!
    matrix[column] = chosen
    for (let line = 0; line < size; line++) {
      if (line === column) continue
      const factor = matrix[line]![column]! / chosen[column]!
      for (let at = column; at <= size; at++) matrix[line]![at]! -= factor * chosen[at]!
    }
  }
  return matrix.map((line, at) => line[size]! / line[at]!)
}

function resampledCurves(
  points: readonly LoadPoint[],
  best: UslCurve,
  residuals: readonly number[],
  { random, resamples = 400 }: UslOptions,
): UslCurve[] {
  // A fit of three parameters swallows part of the noise; this gives it back.
  const inflation = Math.sqrt(points.length / Math.max(1, points.length - 3))
  return Array.from({ length: resamples }, () =>
    fitCurve(
      points.map(({ concurrency }) => {
        const noise = residuals[randomInteger(random, residuals.length)]! * inflation
        return { concurrency, throughput: throughputOf(best, concurrency) * Math.max(0.01, 1 + noise) }
      }),
    ),
  )
}
