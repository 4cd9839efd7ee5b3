/** What a queue of c slots with Poisson arrivals and exponential service does, exactly: the truth a capacity search is held against. */

export interface Mmc {
  readonly slots: number
  /** Answers a second of one busy slot. */
  readonly servicePerSecond: number
}

/** Chance that an arrival must wait (Erlang 1917); 1 from saturation on. */
export function waitChance({ slots, servicePerSecond }: Mmc, ratePerSecond: number): number {
  const offered = ratePerSecond / servicePerSecond
  if (offered >= slots) return 1
  // The recursion of Erlang's B, which never leaves 0 to 1, and from it C.
  let blocked = 1
  for (let busy = 1; busy <= slots; busy++) blocked = (offered * blocked) / (busy + offered * blocked)
  return blocked / (1 - (offered / slots) * (1 - blocked))
}

/** P(response time > `seconds`): an exponential service after a wait that is zero or exponential with rate cμ - λ. */
export function slowerThan(queue: Mmc, ratePerSecond: number, seconds: number): number {
  const { slots, servicePerSecond: mu } = queue
  const drain = slots * mu - ratePerSecond
  if (drain <= 0) return 1
  const waits = waitChance(queue, ratePerSecond)
  const service = Math.exp(-mu * seconds)
  const both =
    Math.abs(drain - mu) < 1e-9 * mu
      ? (1 + mu * seconds) * service
      : (drain * service - mu * Math.exp(-drain * seconds)) / (drain - mu)
  return (1 - waits) * service + waits * both
}

/** The largest rate at which the q-quantile of the response time is within `seconds`; 0 when not even an idle queue is. */
export function capacityOf(queue: Mmc, q: number, seconds: number): number {
  if (slowerThan(queue, 0, seconds) > 1 - q) return 0
  let low = 0
  let high = queue.slots * queue.servicePerSecond
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2
    if (slowerThan(queue, middle, seconds) <= 1 - q) low = middle
    else high = middle
  }
  return low
}
