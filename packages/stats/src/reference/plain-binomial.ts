/** The obvious binomial: add up every probability. Tests compare the fast one with it. */
export function plainBinomialCdf(successes: number, trials: number, probability: number): number {
  let chance = (1 - probability) ** trials
  let sum = chance
  for (let k = 1; k <= successes; k++) {
    chance *= ((trials - k + 1) / k) * (probability / (1 - probability))
    sum += chance
  }
  return sum
}
