/** How much of the planned load is missing when a worker was lost at some instant. */
import { rateCurve } from '../arrivals/rate-curve.ts'
import type { RatePiece } from '../arrivals/rate-curve.ts'
import type { LoadPlan } from '../plan.ts'

/** Enough halvings for any double. */
const ROUNDS = 60

/** Fraction of the measured part's arrivals that were due before `untilMs`, from its start. In a closed model: of its time. */
export function offeredFractionBefore(plan: LoadPlan, untilMs: number): number {
  const { shape, durationMs } = plan
  if (untilMs >= durationMs) return 1
  if (plan.closed) return untilMs / durationMs
  if (shape?.kind === 'replay') {
    const due = shape.atMs.map(atMs => atMs / shape.speed).filter(atMs => atMs < durationMs)
    return due.length === 0 ? 1 : due.filter(atMs => atMs < untilMs).length / due.length
  }
  let all = 0
  let before = 0
  let fromMs = 0
  for (const piece of rateCurve({ ...plan, warmUpMs: 0 })) {
    all += piece.expected
    if (untilMs >= fromMs + piece.lengthMs) before += piece.expected
    else if (untilMs > fromMs) before += countBy(untilMs - fromMs, piece)
    fromMs += piece.lengthMs
  }
  return all === 0 ? 1 : before / all
}

/** The curve tells the instant of a count; asked is the count at an instant. */
function countBy(ms: number, piece: RatePiece): number {
  let low = 0
  let high = piece.expected
  for (let round = 0; round < ROUNDS; round++) {
    const middle = (low + high) / 2
    if (piece.at(middle) <= ms) low = middle
    else high = middle
  }
  return low
}
