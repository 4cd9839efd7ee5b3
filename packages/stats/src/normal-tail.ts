/** The tail of the normal distribution, which every test falls back on when counting all cases would take too long. */

/** P(Z > z) for z >= 0, by Laplace's continued fraction far out and the series of the error function near zero; good to 1e-12. */
export function normalTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z > 3) {
    let fraction = z
    for (let term = 60; term >= 1; term--) fraction = z + term / fraction
    return density / fraction
  }
  let term = z
  let sum = z
  for (let odd = 3; Math.abs(term) > 1e-17; odd += 2) {
    term *= (z * z) / odd
    sum += term
  }
  return 0.5 - density * sum
}
