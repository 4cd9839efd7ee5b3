/** The time, read at most about once a millisecond: asking the system costs a fifth of what a hit may cost. */

/** So that a turn that answers many calls does not do so by the time of the first. */
const mostReadings = 32

let nowMs = 0
let readingsLeft = 0
let armed = false

/** Milliseconds since 1970. Late by a millisecond, or within one turn of the event loop by no more than that has taken so far. */
export function coarseNowMs(): number {
  if (readingsLeft-- > 0) return nowMs
  nowMs = Date.now()
  readingsLeft = mostReadings
  if (!armed) {
    armed = true
    setTimeout(expire, 1).unref()
  }
  return nowMs
}

function expire(): void {
  armed = false
  readingsLeft = 0
}
