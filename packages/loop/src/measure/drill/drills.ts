/** What a run breaks on purpose once everything else is known: the caches, where the user allowed it, and in the end the service itself. */
import {
  type CacheDrillName,
  type Drill,
  type Evidence,
  type EvidenceRequest,
  reportedStep,
  type Workload,
} from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import type { OnProgress } from '../progress.ts'
import { quantileMs } from '../quantiles.ts'
import type { Stand } from '../stand.ts'
import { cacheDrills, type CacheDrills } from './cache-drills.ts'
import { stopDrill } from './stop-drill.ts'

interface DrillOptions {
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly drills?: readonly CacheDrillName[]
  readonly redisUrl?: string
  readonly seed: number
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

/** What breaks here may stay broken for a while. */
export async function breakCaches(
  stand: Stand,
  { evidence, requests }: { readonly evidence: Evidence; readonly requests: readonly EvidenceRequest[] },
  { drills: allowed = [], redisUrl, workload, ratePerSecond, seed, onProgress, signal }: DrillOptions,
): Promise<CacheDrills> {
  if (allowed.length === 0 || signal.aborted) return { drills: [], warnings: [] }
  onProgress({ kind: 'stage', stage: 'breaking', detail: `${allowed.join(', ')}, as allowed by --drill` })
  return await cacheDrills(stand, evidence, {
    allowed,
    ...(redisUrl === undefined ? {} : { redisUrl }),
    workload,
    ratePerSecond,
    random: seededRandom(seed),
    requests,
    signal,
  })
}

const stopRatePerSecond = 20

/** A service that we started is stopped by us anyway: done under light load, that tells what a rollout would cost. */
export async function stopUnderLoad(
  { target }: Stand,
  evidence: Evidence,
  { workload, seed, onProgress, signal }: DrillOptions,
): Promise<readonly Drill[]> {
  if (!target || workload.routes.length === 0 || signal.aborted) return []
  onProgress({ kind: 'stage', stage: 'stopping', detail: 'with requests under way' })
  const step = reportedStep(evidence['load-curve'])
  const response = step?.overall.response
  const stopped = await stopDrill(target, {
    workload,
    ratePerSecond: stopRatePerSecond,
    usualMs: response && response.count > 0 ? quantileMs(response, 0.5) : 0,
    ...(step ? { measured: step.routes } : {}),
    random: seededRandom(seed),
  })
  return stopped ? [stopped] : []
}
