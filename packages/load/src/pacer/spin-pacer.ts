/** The pacer that never sleeps: it turns the event loop until the next request is due, for machines with a core to spare for each engine. */
import type { Pacer } from './pacer.ts'

export function spinPacer(now: () => number): Pacer {
  let immediate: NodeJS.Immediate | undefined
  const spin = (atMs: number, wake: () => void): void => {
    if (now() >= atMs) wake()
    else immediate = setImmediate(spin, atMs, wake)
  }
  return {
    sleepUntil(atMs, wake) {
      clearImmediate(immediate)
      // Never at once, also when behind: answers are read between two turns.
      immediate = setImmediate(spin, atMs, wake)
    },
    close() {
      clearImmediate(immediate)
    },
  }
}
