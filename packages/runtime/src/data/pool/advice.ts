/** Whether a pool has the size its callers need, from what they waited and what they held; never from a formula over cores. */
import type { RecentUsage } from './usage.ts'

/** Less was seen by too few to say anything. */
const leastAcquisitions = 500
const leastElapsedMs = 10_000
/** A pool that is idle for a moment is not too large. */
const leastElapsedToShrinkMs = 60_000
/** Waiting is felt when one acquisition in twenty waits for longer than this and than a tenth of the work itself. */
const feltWaitMs = 1
const feltShareOfHold = 0.1
/** As busy as a connection may be on average: above, waits grow faster than load (M/M/c queues, utilisation against wait). */
const busyFraction = 0.75
/** What a busier database does to each statement is not known beforehand: one step at most doubles. */
const stepFactor = 2

export interface PoolAdvice {
  readonly verdict: 'too-small' | 'too-large' | 'right' | 'unknown'
  /** Connections to try next; absent unless the size should change. */
  readonly max?: number
  /** The verdict with its numbers, for a person. */
  readonly because: string
  readonly measured: RecentUsage & {
    readonly max: number
    /** Little's law: callers that held or awaited a connection, on average. */
    readonly demand: number
  }
}

/** @param leaks connections that are lent for longer than they should be at this moment: they hide what the others need */
export function adviseSize(max: number, usage: RecentUsage, leaks: number): PoolAdvice {
  const demand = usage.meanInUse + usage.meanWaiting
  const measured = { ...usage, max, demand }
  const seen = `${usage.acquisitions} acquisitions in ${seconds(usage.elapsedMs)}`
  const held = `${usage.meanInUse.toFixed(1)} of ${max} connections in use on average (peak ${usage.peakInUse}), each held for ${milliseconds(usage.meanHeldMs)}`
  if (leaks > 0)
    return {
      verdict: 'unknown',
      because: `connections not given back: ${leaks}; mend that first`,
      measured,
    }
  const refused = usage.shed + usage.timeouts
  if (refused === 0 && (usage.acquisitions < leastAcquisitions || usage.elapsedMs < leastElapsedMs))
    return {
      verdict: 'unknown',
      because: `${seen}: too little (${leastAcquisitions} in ${seconds(leastElapsedMs)})`,
      measured,
    }
  if (refused > 0 || usage.waitP95Ms > Math.max(feltWaitMs, feltShareOfHold * usage.meanHeldMs)) {
    const needed = Math.max(max + 1, Math.ceil(demand / busyFraction))
    const callers = usage.acquisitions + usage.waitedInVain + usage.shed
    const given = `${usage.waits} of ${callers} callers in ${seconds(usage.elapsedMs)} waited, p95 ${milliseconds(usage.waitP95Ms)}; ${refused} were refused; ${held}`
    return {
      verdict: 'too-small',
      max: Math.min(needed, stepFactor * max),
      because: `${given}. ${demand.toFixed(1)} callers held or awaited one. Holding for less time helps as much as more connections; if holding grows with them, the database is the limit.`,
      measured,
    }
  }
  const enough = Math.max(1, Math.ceil(usage.peakInUse / busyFraction))
  if (usage.elapsedMs >= leastElapsedToShrinkMs && 2 * enough <= max)
    return { verdict: 'too-large', max: enough, because: `${seen}, hardly any waited; ${held}`, measured }
  return {
    verdict: 'right',
    because: `${seen}, p95 of the wait ${milliseconds(usage.waitP95Ms)}; ${held}`,
    measured,
  }
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
}

function seconds(valueMs: number): string {
  return `${Math.round(valueMs / 1000)} s`
}
