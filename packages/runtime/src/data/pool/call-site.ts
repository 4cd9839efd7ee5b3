/** Where in the author's code a connection was taken: captured for little, read only when it is wanted. */
import type { Callee } from '../client-source.ts'

/** Enough to climb out of an ORM; each frame costs some 300 ns. */
const frames = 12

export interface CallSite {
  /** `file:line:column` of the first frame outside of packages; of the first at all when there is none; `unknown` when the stack was not captured. */
  readonly site: string
  /** The whole stack below the pool, innermost first. */
  readonly stack: readonly string[]
}

/** A stack costs some 5 µs: so many a second are half a percent of a core, and no more are captured while nothing is amiss. */
const capturesPerSecond = 1_000

/** What is known of a loan whose stack was not captured. */
const unremembered: { readonly stack?: string } = {}

/** Decides which loans remember who took them: all of them in a service of ordinary pace, and all of them once a leak could not be named. */
export class LoanMemory {
  #secondBeganMs = -Infinity
  #captures = 0
  #wantsAll = false

  remember(nowMs: number, above: Callee): { readonly stack?: string } {
    if (nowMs - this.#secondBeganMs >= 1_000) {
      this.#secondBeganMs = nowMs
      this.#captures = 0
    }
    if (!this.#wantsAll && this.#captures >= capturesPerSecond) return unremembered
    this.#captures++
    return captureStack(above)
  }

  /** The next leak will have a name if this one has none. */
  leaked(taken: { readonly stack?: string }): void {
    this.#wantsAll = taken === unremembered
  }
}

/** V8 keeps frames as they are and makes text of them at the first reading, which for most never comes. */
function captureStack(above: Callee): { readonly stack?: string } {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = frames
  Error.captureStackTrace(holder, above)
  Error.stackTraceLimit = limit
  return holder
}

export function readStack(holder: { readonly stack?: string }): CallSite {
  const stack = (holder.stack ?? '')
    .split('\n')
    .slice(1)
    .map(line => line.trim().replace(/^at /, ''))
  const places = stack.flatMap(frame => /\(?((?:file:\/\/)?[^()\s]+:\d+:\d+)\)?$/.exec(frame)?.[1] ?? [])
  const own = places.find(place => !place.includes('/node_modules/') && !place.startsWith('node:'))
  return { site: (own ?? places[0] ?? 'unknown').replace(/^file:\/\//, ''), stack }
}
