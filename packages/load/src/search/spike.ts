/** A sudden crowd: what it does to those who were there, and how long it is felt. */
import type { LoadInterval, SpikeResult } from '@whetstone/model'
import type { RateShape } from '../arrivals/shape.ts'
import type { LoadPlan } from '../plan.ts'
import { p95Ms, recoveryMs } from './recovery.ts'
import type { LoadsRun, SearchShell } from './search.ts'
import { Loads } from './search.ts'

export interface SpikeSettings {
  readonly peakPerSecond: number
  /** Default: after a third of the duration. */
  readonly atMs?: number
  /** Default: a sixth of the duration, which leaves half of it for the recovery. */
  readonly lengthMs?: number
}

export interface SpikeTest extends LoadsRun {
  readonly spike: SpikeResult
}

/** One load of the base's duration and rate, save for the spike. Throws `WHET_LOAD_PLAN` for a peak of 0. */
export async function runSpike(base: LoadPlan, settings: SpikeSettings, shell: SearchShell): Promise<SpikeTest> {
  const { peakPerSecond, atMs = base.durationMs / 3, lengthMs = base.durationMs / 6 } = settings
  const basePerSecond = base.ratePerSecond
  const loads = new Loads(base, shell)
  const shape: RateShape = { kind: 'spike', basePerSecond, peakPerSecond, atMs, lengthMs }
  const { intervals } = await loads.runAlone({ shape }, 'spike')
  const endMs = atMs + lengthMs
  const before = intervals.filter(interval => endOf(interval) <= atMs)
  // Whoever fell due in the spike is answered while it lasts or in the queue behind it.
  const during = intervals.filter(interval => endOf(interval) > atMs && interval.atMs < endMs)
  const calmP95Ms = p95Ms(before)
  const inSpikeP95Ms = p95Ms(during)
  const recovered = Number.isNaN(calmP95Ms) ? undefined : recoveryMs(intervals, endMs, calmP95Ms)
  return {
    ...loads.ran,
    spike: {
      baseRatePerSecond: basePerSecond,
      peakRatePerSecond: peakPerSecond,
      ...(!Number.isNaN(calmP95Ms) && { p95BeforeMs: calmP95Ms }),
      ...(!Number.isNaN(inSpikeP95Ms) && { p95DuringMs: inSpikeP95Ms }),
      errorsDuring: during.reduce((sum, { errors }) => sum + errors, 0),
      ...(recovered !== undefined && { recoveryMs: recovered }),
    },
  }
}

function endOf({ atMs, durationMs = 1000 }: LoadInterval): number {
  return atMs + durationMs
}
