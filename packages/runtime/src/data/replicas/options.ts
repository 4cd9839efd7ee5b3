/** The settings of a set of replicas, and what they are when nothing is said. */
import { Fault } from '../../fault.ts'
import { longestTimerMs } from '../../time-limits.ts'
import { checkWhole, checkWithin } from '../bounds.ts'
import type { MonitorOptions } from './monitor.ts'

export interface ReplicaSetOptions extends Partial<MonitorOptions> {
  /** How long a read waits for a replica that lacks the session's write. Default 50, at most 10 000: replay follows within 9 ms at p99. */
  readonly waitMs?: number
  /** The primary takes its part of the reads too, as it must where one replica is all there is. Default false. */
  readonly readsOnPrimary?: boolean
  /** How many reads may wait so on each replica; the others go to the primary at once. Default 1000. */
  readonly maxWaiters?: number
  /** Reads at once on the primary for want of a replica, the rest are shed: default 64. */
  readonly maxDivertedReads?: number
  /** Secrets that sign sessions from request to request, of 32 bytes and more; the first signs, all verify. Default none. */
  readonly tokenKeys?: readonly string[]
  /** Default 60 000: longer than any lag that is tolerated, after which every serving replica has the write anyway. */
  readonly tokenLifeMs?: number
  /** Milliseconds since the epoch, the clock that processes share. */
  readonly wallClock?: () => number
}

export type CompleteOptions = Required<ReplicaSetOptions>

const shortestKey = 32
/** A read that waits for longer would be better off on the primary. */
const longestWaitMs = 10_000

/** @throws Fault FAULT_REPLICA_OPTIONS; RangeError for a bound out of its range */
export function completed(options: ReplicaSetOptions): CompleteOptions {
  const complete: CompleteOptions = {
    cluster: 'main',
    failuresToEject: 2,
    probesToReturn: 2,
    maxLagMs: 10_000,
    maxLagBytes: 64 * 1024 * 1024,
    probeIntervalMs: 250,
    searchIntervalMs: 50,
    probeTimeoutMs: 1000,
    waitMs: 50,
    readsOnPrimary: false,
    maxWaiters: 1000,
    maxDivertedReads: 64,
    tokenKeys: [],
    tokenLifeMs: 60_000,
    now: () => performance.now(),
    wallClock: () => Date.now(),
    random: Math.random,
    ...options,
  }
  checkBounds(complete)
  if (complete.tokenKeys.some(key => key.length < shortestKey))
    throw refused(`a token key is shorter than ${shortestKey} characters`, 'openssl rand -base64 32')
  if (complete.tokenLifeMs < complete.maxLagMs)
    throw refused(
      `tokens live ${complete.tokenLifeMs} ms, and replicas that are ${complete.maxLagMs} ms behind still serve`,
      'raise tokenLifeMs above maxLagMs, or a user reads what is older than their write',
    )
  return complete
}

function checkBounds(options: CompleteOptions): void {
  const { failuresToEject, probesToReturn, maxWaiters, maxDivertedReads } = options
  checkWhole(1, Infinity, { failuresToEject, probesToReturn })
  checkWhole(0, Infinity, { maxWaiters, maxDivertedReads })
  const { maxLagMs, maxLagBytes, tokenLifeMs, waitMs } = options
  checkWithin(0, Infinity, { maxLagMs, maxLagBytes, tokenLifeMs })
  checkWithin(0, longestWaitMs, { waitMs })
  const { probeIntervalMs, searchIntervalMs, probeTimeoutMs } = options
  checkWithin(1, longestTimerMs, { probeIntervalMs, searchIntervalMs, probeTimeoutMs })
}

function refused(message: string, hint: string): Fault {
  return new Fault('FAULT_REPLICA_OPTIONS', message, { retryable: false, hint })
}
