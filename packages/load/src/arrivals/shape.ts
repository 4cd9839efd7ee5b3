/** How the offered rate moves over the measured part, as data: the schedules of `arrivals.ts` are computed from it. */
import { WhetstoneError } from '@whetstone/model'
import { peakRatePerSecond } from './rate-curve.ts'

export type RateShape =
  | { readonly kind: 'ramp'; readonly fromPerSecond: number; readonly toPerSecond: number }
  /** Each rate is kept for the same time. */
  | { readonly kind: 'stairs'; readonly ratesPerSecond: readonly number[] }
  | {
      readonly kind: 'sine'
      readonly meanPerSecond: number
      readonly amplitudePerSecond: number
      readonly periodMs: number
    }
  | {
      readonly kind: 'spike'
      readonly basePerSecond: number
      readonly peakPerSecond: number
      readonly atMs: number
      readonly lengthMs: number
    }
  /** Recorded instants from the start, rising; `speed` 2 plays them twice as fast. */
  | { readonly kind: 'replay'; readonly atMs: readonly number[]; readonly speed: number }

/** A rate above this is a typing error: one Node engine on one core reaches about 60,000 a second. */
export const MAX_RATE_PER_SECOND = 200_000

/** Throws `WHET_LOAD_PLAN` naming what cannot be carried out. */
export function checkShape(shape: RateShape): void {
  const refuse = (why: string): never => {
    throw new WhetstoneError('WHET_LOAD_PLAN', `the ${shape.kind} ${why}`)
  }
  const peak = shape.kind === 'replay' ? 0 : peakRatePerSecond(0, shape, 0)
  if (peak > MAX_RATE_PER_SECOND) refuse(`reaches ${peak} a second; ${MAX_RATE_PER_SECOND} is the most`)
  switch (shape.kind) {
    case 'ramp':
      if (!(shape.fromPerSecond >= 0 && shape.toPerSecond >= 0 && shape.fromPerSecond + shape.toPerSecond > 0))
        refuse(`runs from ${shape.fromPerSecond} to ${shape.toPerSecond} a second`)
      return
    case 'stairs':
      if (!shape.ratesPerSecond.every(rate => rate >= 0) || !shape.ratesPerSecond.some(rate => rate > 0))
        refuse(`have the rates [${shape.ratesPerSecond.join(', ')}]`)
      return
    case 'sine':
      if (!(shape.periodMs > 0 && shape.meanPerSecond > 0 && inRange(shape.amplitudePerSecond, 0, shape.meanPerSecond)))
        refuse(
          `swings by ${shape.amplitudePerSecond} around ${shape.meanPerSecond} a second every ${shape.periodMs} ms`,
        )
      return
    case 'spike':
      if (!(shape.basePerSecond > 0 && shape.peakPerSecond > 0 && shape.atMs >= 0 && shape.lengthMs > 0))
        refuse(`goes from ${shape.basePerSecond} to ${shape.peakPerSecond} a second for ${shape.lengthMs} ms`)
      return
    case 'replay':
      if (!(shape.speed > 0) || shape.atMs.some((at, index) => !(at >= (shape.atMs[index - 1] ?? 0))))
        refuse('needs a speed above 0 and instants that never fall')
  }
}

function inRange(value: number, low: number, high: number): boolean {
  return value >= low && value <= high
}
