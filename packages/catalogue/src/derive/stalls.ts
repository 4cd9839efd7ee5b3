/** Seconds in which the service itself held its event loop up, told apart from seconds in which a busy machine did. */
import type { RuntimeEvidence, RuntimeSample } from '@whetstone/model'

export interface StallLimits {
  readonly delayP99Ms: number
  readonly delayMaxMs: number
}

export interface Stalls {
  /** Seconds with at least one finished request. */
  readonly windows: number
  /** Of them, those in which the service blocked itself. */
  readonly blocked: number
  readonly blockedFraction: number
  /** Seconds that were late and not blocked, in which its thread was ready and had no CPU for most of the delay. */
  readonly starved: number
  /** The longest hold-up in a blocked window. */
  readonly worstDelayMs: number
  /** The longest hold-up of each blocked window, added up. */
  readonly heldUpMs: number
  readonly medianUtilisationFraction: number
}

/**
 * A delay is the service's own doing only when requests ran, its loop was active, and it burnt CPU for at least half as long in the
 * same second: an idle server on a busy host shows delays of hundreds of milliseconds too, and so does a busy one that has to wait for
 * a CPU. Of those the probe says how much one request burnt, and that is the delay. A collector's pause is a matter of memory.
 */
export function readStalls(runtime: RuntimeEvidence, limits: StallLimits): Stalls {
  const windows = runtime.processes.flatMap(process => process.samples).filter(sample => sample.requests > 0)
  const blocked = windows.filter(sample => blocksItself(sample, limits))
  const utilisation = windows.map(sample => sample.eventLoopUtilisationFraction).toSorted((a, b) => a - b)
  return {
    windows: windows.length,
    blocked: blocked.length,
    blockedFraction: windows.length > 0 ? blocked.length / windows.length : 0,
    starved: windows.filter(sample => !blocksItself(sample, limits) && isStarved(sample, limits)).length,
    worstDelayMs: Math.max(0, ...blocked.map(ownDelayMs)),
    heldUpMs: blocked.reduce((sum, sample) => sum + ownDelayMs(sample), 0),
    medianUtilisationFraction: utilisation[Math.floor(utilisation.length / 2)] ?? 0,
  }
}

/** Runs of older versions know only how late the loop was. */
const ownDelayMs = ({ eventLoopOwnDelayMaxMs, eventLoopDelayMaxMs }: RuntimeSample): number =>
  eventLoopOwnDelayMaxMs ?? eventLoopDelayMaxMs

const isLate = (sample: RuntimeSample, { delayP99Ms, delayMaxMs }: StallLimits): boolean =>
  sample.eventLoopDelayP99Ms >= delayP99Ms || sample.eventLoopDelayMaxMs >= delayMaxMs

const isStarved = (sample: RuntimeSample, limits: StallLimits): boolean =>
  isLate(sample, limits) && (sample.cpuWaitMs ?? 0) >= sample.eventLoopDelayMaxMs / 2

function blocksItself(sample: RuntimeSample, limits: StallLimits): boolean {
  const delayMs = ownDelayMs(sample)
  const isHeldUp = sample.eventLoopOwnDelayMaxMs === undefined ? isLate(sample, limits) : delayMs >= limits.delayP99Ms
  const cpuMs = sample.cpuUserMs + sample.cpuSystemMs
  const activeMs = sample.eventLoopUtilisationFraction * sample.windowMs
  return isHeldUp && cpuMs >= delayMs / 2 && activeMs >= delayMs / 2 && sample.gcMaxPauseMs < delayMs / 2
}
