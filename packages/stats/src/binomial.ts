/** The binomial distribution at any size, and the exact interval of a fraction that was counted. */

/** An estimate between two ends; the same shape everywhere an interval is reported. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
}

/** P(at most `successes` of `trials`), each succeeding with `probability`; as a beta integral, so a million trials cost no more than ten. */
export function binomialCdf(successes: number, trials: number, probability: number): number {
  if (successes < 0) return 0
  if (successes >= trials) return 1
  return betaFraction(1 - probability, trials - Math.floor(successes), Math.floor(successes) + 1)
}

/** Clopper and Pearson's exact interval of a counted fraction; it covers the truth at least as often as `confidence` says. */
export function clopperPearson(successes: number, trials: number, confidence = 0.95): Interval {
  if (!(trials > 0 && successes >= 0 && successes <= trials)) {
    throw new RangeError(`a fraction needs 0 <= successes <= trials, not ${successes} of ${trials}`)
  }
  const tail = (1 - confidence) / 2
  return {
    estimate: successes / trials,
    low: successes === 0 ? 0 : bisect(p => 1 - binomialCdf(successes - 1, trials, p) >= tail),
    high: successes === trials ? 1 : bisect(p => binomialCdf(successes, trials, p) <= tail),
  }
}

/** The point in 0 to 1 where `reached` turns true, to the last bit that matters. */
function bisect(reached: (at: number) => boolean): number {
  let low = 0
  let high = 1
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (reached(middle)) high = middle
    else low = middle
  }
  return (low + high) / 2
}

/** Regularised incomplete beta function I_x(a, b), by its continued fraction (Abramowitz and Stegun 26.5.8). */
function betaFraction(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast only left of the mean; the other side is the mirror image.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaFraction(1 - x, b, a)
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / a
  return front * continuedFraction(x, a, b)
}

/** Lentz's evaluation of 1 / (1 + d1 / (1 + d2 / (1 + …))). */
function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300
  let numerator = 1
  let denominator = 1 / nonZero(1 - ((a + b) * x) / (a + 1), tiny)
  let value = denominator
  // About sqrt(max(a, b)) rounds are needed; the bound is far beyond that for any count a run can hold.
  for (let round = 1; round < 100_000; round++) {
    const even = (round * (b - round) * x) / ((a + 2 * round - 1) * (a + 2 * round))
    denominator = 1 / nonZero(1 + even * denominator, tiny)
    numerator = nonZero(1 + even / numerator, tiny)
    value *= denominator * numerator
    const odd = (-(a + round) * (a + b + round) * x) / ((a + 2 * round) * (a + 2 * round + 1))
    denominator = 1 / nonZero(1 + odd * denominator, tiny)
    numerator = nonZero(1 + odd / numerator, tiny)
    const change = denominator * numerator
    value *= change
    if (Math.abs(change - 1) < 1e-15) break
  }
  return value
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value
}

/** ln Γ(x) for x >= 1 by Stirling's series after shifting x above 10, good to about 1e-15 of the value. */
function logGamma(x: number): number {
  let shift = 0
  let at = x
  for (; at < 10; at++) shift += Math.log(at)
  const inverse = 1 / (at * at)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / at
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift
}
