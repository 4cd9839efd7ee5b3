/** The plain pacer: libuv timers, one millisecond coarse, for low rates and for machines without a core to spare. */
import type { Pacer } from './pacer.ts'

export function timerPacer(now: () => number): Pacer {
  let timer: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  const close = () => {
    clearTimeout(timer)
    clearImmediate(immediate)
  }
  return {
    sleepUntil(atMs, wake) {
      close()
      const leftMs = atMs - now()
      // setImmediate lets the loop read answers first, so that a generator behind its schedule does not starve them.
      if (leftMs <= 0) immediate = setImmediate(wake)
      else timer = setTimeout(wake, Math.min(LONGEST_TIMER_MS, Math.ceil(leftMs)))
    },
    close,
  }
}

/** setTimeout fires at once for anything longer than a signed 32-bit number of milliseconds. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1
