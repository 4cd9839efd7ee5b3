/** An answer for as long as its caller wants it: stores have time limits of their own, but none that knows the caller's. */
import type { Ctx } from '../context.ts'
import { deadlineFault, longestTimerMs } from '../time-limits.ts'

/** What `answer` says, unless `ctx` ends before; what it says later is nobody's, and `late` may undo it. */
export function within<Value>(
  answer: Promise<Value>,
  ctx: Ctx | undefined,
  late?: (value: Value) => void,
): Promise<Value> {
  if (ctx === undefined) return answer
  if (ctx.cancelled) {
    // Nobody hears how it ends, and that must end no process.
    void answer.then(late, nothing)
    return Promise.reject(ctx.reason as Error)
  }
  return new Promise((resolve, reject) => {
    let over = false
    const leave = (reason: unknown): void => {
      end()
      reject(reason as Error)
    }
    const leftMs = ctx.deadlineMs - performance.now()
    // A turn later: after the process itself was busy for long, the answer may have come in time and not been read yet.
    const expire = (): void => void setImmediate(() => over || leave(deadlineFault(true)))
    const timer = leftMs < Infinity ? setTimeout(expire, Math.min(longestTimerMs, Math.max(0, leftMs))) : undefined
    const stopListening = ctx.onCancel(leave)
    const end = (): void => {
      over = true
      clearTimeout(timer)
      stopListening()
    }
    answer.then(
      value => {
        if (over) return late?.(value)
        end()
        resolve(value)
      },
      (error: unknown) => {
        if (over) return
        end()
        reject(error as Error)
      },
    )
  })
}

function nothing(): void {}
