/** Bracket and bisect: which rate to try next, given which held and which did not. */

export interface BracketSettings {
  readonly startPerSecond: number
  readonly smallestPerSecond: number
  readonly largestPerSecond: number
  /** How narrow the bracket must be, as a fraction of its middle. */
  readonly widthFraction: number
}

export interface Tried {
  readonly ratePerSecond: number
  readonly held: boolean
}

export interface Bracket {
  /** The largest rate that held below all that did not. */
  readonly held?: number
  /** The smallest that did not. */
  readonly notHeld?: number
}

export type NextTry =
  | { readonly kind: 'try'; readonly ratePerSecond: number; readonly stage: 'bracket' | 'bisect' }
  | { readonly kind: 'found'; readonly held: number; readonly notHeld: number }
  | { readonly kind: 'above-largest-tried' | 'below-smallest-tried' }

/** Far from the truth every step doubles or halves, so that a start wrong by a thousand costs ten steps. */
const GROWTH = 2

export function bracketOf(tried: readonly Tried[]): Bracket {
  const notHeld = Math.min(Infinity, ...tried.filter(({ held }) => !held).map(rateOf))
  const held = Math.max(0, ...tried.filter(one => one.held && one.ratePerSecond < notHeld).map(rateOf))
  return { ...(held > 0 && { held }), ...(notHeld < Infinity && { notHeld }) }
}

export function nextTry(tried: readonly Tried[], settings: BracketSettings): NextTry {
  const { startPerSecond, smallestPerSecond, largestPerSecond, widthFraction } = settings
  const { held, notHeld } = bracketOf(tried)
  const bracket = (ratePerSecond: number): NextTry => ({ kind: 'try', ratePerSecond, stage: 'bracket' })
  if (held === undefined && notHeld === undefined) return bracket(startPerSecond)
  if (notHeld === undefined) {
    return held! >= largestPerSecond
      ? { kind: 'above-largest-tried' }
      : bracket(Math.min(largestPerSecond, held! * GROWTH))
  }
  if (held === undefined) {
    return notHeld <= smallestPerSecond
      ? { kind: 'below-smallest-tried' }
      : bracket(Math.max(smallestPerSecond, notHeld / GROWTH))
  }
  const middle = (held + notHeld) / 2
  if (notHeld - held <= widthFraction * middle) return { kind: 'found', held, notHeld }
  return { kind: 'try', ratePerSecond: middle, stage: 'bisect' }
}

function rateOf({ ratePerSecond }: Tried): number {
  return ratePerSecond
}
