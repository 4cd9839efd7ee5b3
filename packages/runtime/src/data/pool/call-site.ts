/** Where in the author's code a connection was taken: captured for little, read only when it is wanted. */

/** Enough to climb out of an ORM; each frame costs some 300 ns. */
const frames = 12

export interface CallSite {
  /** `file:line:column` of the first frame outside of packages; of the first at all when there is none. */
  readonly site: string
  /** The whole stack below the pool, innermost first. */
  readonly stack: readonly string[]
}

/** V8 keeps frames as they are and makes text of them at the first reading, which for most never comes. */
export function captureStack(above: (...args: never[]) => unknown): { readonly stack?: string } {
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
