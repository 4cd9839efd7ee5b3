/** Tells once that a caller no longer waits: its context was cancelled, or the deadline passed. */
import type { Ctx } from '../context.ts'
import { deadlineFault, longestTimerMs } from '../time-limits.ts'

/** @returns what ends the listening; to be called when the work is over */
export function whenGivenUp(ctx: Ctx | undefined, giveUp: (reason: unknown) => void): () => void {
  if (ctx === undefined) return () => undefined
  const leftMs = ctx.deadlineMs - performance.now()
  // Nothing that is given up here runs for the 24 days a timer can count.
  const timer = leftMs < longestTimerMs ? setTimeout(() => giveUp(deadlineFault(true)), Math.max(0, leftMs)) : undefined
  const stopListening = ctx.onCancel(giveUp)
  return () => {
    stopListening()
    clearTimeout(timer)
  }
}
