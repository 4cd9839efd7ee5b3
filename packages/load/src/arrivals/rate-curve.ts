/** The offered rate over time, in pieces that can be inverted: at which instant have so many arrivals been expected? */
import type { RateShape } from './shape.ts'

export interface RatePlan {
  /** Where nothing moves it. */
  readonly ratePerSecond: number
  readonly shape?: RateShape
  /** Before the measured part, at the rate that part begins with. Default 0. */
  readonly warmUpMs?: number
  readonly durationMs: number
}

export interface RatePiece {
  readonly lengthMs: number
  /** Arrivals to be expected in the whole piece. */
  readonly expected: number
  /** The instant, in milliseconds from the start of the piece, by which `count` arrivals were expected; 0 <= count < `expected`. */
  at(count: number): number
}

/** Warm-up and measured part, in the order they come. A replay has no rate of its own: its measured part is left out here. */
export function rateCurve({ ratePerSecond, shape, warmUpMs = 0, durationMs }: RatePlan): RatePiece[] {
  const warmUp = warmUpMs > 0 ? [constant(startRatePerSecond(ratePerSecond, shape, durationMs), warmUpMs)] : []
  return [...warmUp, ...measured(ratePerSecond, shape, durationMs)].filter(({ lengthMs }) => lengthMs > 0)
}

/** Arrivals a second over the whole measured part. */
export function meanRatePerSecond(shape: RateShape, durationMs: number): number {
  const expected =
    shape.kind === 'replay'
      ? shape.atMs.filter(at => at / shape.speed < durationMs).length
      : measured(0, shape, durationMs).reduce((sum, piece) => sum + piece.expected, 0)
  return (expected * 1000) / durationMs
}

/** The rate the measured part begins with. */
export function startRatePerSecond(ratePerSecond: number, shape: RateShape | undefined, durationMs: number): number {
  switch (shape?.kind) {
    case undefined:
      return ratePerSecond
    case 'ramp':
      return shape.fromPerSecond
    case 'stairs':
      return shape.ratesPerSecond[0] ?? 0
    case 'sine':
      return shape.meanPerSecond
    case 'spike':
      return shape.basePerSecond
    case 'replay':
      return meanRatePerSecond(shape, durationMs)
  }
}

/** The highest rate of the plan; of a replay the most arrivals in any second. */
export function peakRatePerSecond(ratePerSecond: number, shape: RateShape | undefined, durationMs: number): number {
  switch (shape?.kind) {
    case undefined:
      return ratePerSecond
    case 'ramp':
      return Math.max(shape.fromPerSecond, shape.toPerSecond)
    case 'stairs':
      return Math.max(...shape.ratesPerSecond)
    case 'sine':
      return shape.meanPerSecond + shape.amplitudePerSecond
    case 'spike':
      return Math.max(shape.basePerSecond, shape.peakPerSecond)
    case 'replay':
      return mostInASecond(shape.atMs, shape.speed, durationMs)
  }
}

/** A second that slides over the instants, which rise. */
function mostInASecond(atMs: readonly number[], speed: number, durationMs: number): number {
  const secondMs = 1000 * speed
  let most = 0
  let first = 0
  for (let last = 0; last < atMs.length && atMs[last]! / speed < durationMs; last++) {
    while (atMs[last]! - atMs[first]! >= secondMs) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}

function measured(ratePerSecond: number, shape: RateShape | undefined, durationMs: number): RatePiece[] {
  switch (shape?.kind) {
    case undefined:
      return [constant(ratePerSecond, durationMs)]
    case 'ramp':
      return [ramp(shape.fromPerSecond, shape.toPerSecond, durationMs)]
    case 'stairs':
      return shape.ratesPerSecond.map(rate => constant(rate, durationMs / shape.ratesPerSecond.length))
    case 'sine':
      return [sine(shape.meanPerSecond, shape.amplitudePerSecond, shape.periodMs, durationMs)]
    case 'spike': {
      const beginMs = Math.min(shape.atMs, durationMs)
      const endMs = Math.min(shape.atMs + shape.lengthMs, durationMs)
      return [
        constant(shape.basePerSecond, beginMs),
        constant(shape.peakPerSecond, endMs - beginMs),
        constant(shape.basePerSecond, durationMs - endMs),
      ]
    }
    case 'replay':
      return []
  }
}

function constant(ratePerSecond: number, lengthMs: number): RatePiece {
  const expected = ratePerSecond === 0 ? 0 : (ratePerSecond * lengthMs) / 1000
  return { lengthMs, expected, at: count => (count * 1000) / ratePerSecond }
}

/** a t + s t² / 2 = n, solved in the form that loses no digits where s is small. */
function ramp(fromPerSecond: number, toPerSecond: number, lengthMs: number): RatePiece {
  const from = fromPerSecond / 1000
  const slope = (toPerSecond - fromPerSecond) / 1000 / lengthMs
  return {
    lengthMs,
    expected: ((fromPerSecond + toPerSecond) / 2) * (lengthMs / 1000),
    at: count =>
      count === 0
        ? 0
        : Math.min(lengthMs, (2 * count) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * count)))),
  }
}

/** Enough for bisection alone to reach the last bit, where a rate near zero makes Newton's steps useless. */
const SINE_ROUNDS = 80
/** In arrivals: a nanosecond at a thousand a second. */
const CLOSE_ENOUGH = 1e-6

/** Begins at the mean, rising. The phase is taken from the number of whole periods, so that nothing drifts over a long run. */
function sine(meanPerSecond: number, amplitudePerSecond: number, periodMs: number, lengthMs: number): RatePiece {
  const mean = meanPerSecond / 1000
  const amplitude = amplitudePerSecond / 1000
  const radiansPerMs = (2 * Math.PI) / periodMs
  const swing = amplitude / radiansPerMs
  const perPeriod = mean * periodMs
  const expectedBy = (ms: number) => mean * ms + swing * (1 - Math.cos(radiansPerMs * ms))
  // Arrivals come in order: from the last answer, the rate there and how it changes, the next is right at once as a rule.
  let lastMs = 0
  let lastCount = 0
  let lastRate = mean
  let lastChange = amplitude * radiansPerMs
  const solve = (count: number): number => {
    let low = Math.max(0, (count - 2 * swing) / mean)
    let high = Math.min(periodMs, count / mean)
    const step = (count - lastCount) / lastRate
    let ms = lastMs + step - (lastChange / lastRate / 2) * step * step
    for (let round = 0; round < SINE_ROUNDS; round++) {
      if (!(ms >= low && ms <= high)) ms = (low + high) / 2
      const cosine = Math.cos(radiansPerMs * ms)
      lastMs = ms
      lastCount = mean * ms + swing * (1 - cosine)
      lastRate = mean + amplitude * Math.sin(radiansPerMs * ms)
      lastChange = amplitude * radiansPerMs * cosine
      if (Math.abs(lastCount - count) < CLOSE_ENOUGH) break
      if (lastCount > count) high = ms
      else low = ms
      ms -= (lastCount - count) / lastRate
    }
    return lastMs
  }
  return {
    lengthMs,
    expected: expectedBy(lengthMs),
    at: count => {
      const periods = Math.floor(count / perPeriod)
      return Math.min(lengthMs, periods * periodMs + solve(count - periods * perPeriod))
    },
  }
}
