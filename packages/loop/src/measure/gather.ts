/** Round two: gathers what practices asked for, read-only, loopback, bounded in count and time; what does not fit the budget is simply not answered. */
import { chosenIndexes } from '@whetstone/catalogue'
import type { Evidence, EvidenceRequest, HeapProfileEvidence, HttpProbe, PgEvidence, Workload } from '@whetstone/model'
import { probeVariation } from './collect/http-probe.ts'
import { type IndexTrialOptions, runIndexTrials } from './pg/index-trial.ts'

export interface GatherOptions {
  readonly baseUrl: string
  readonly workload: Workload
  readonly databaseUrl?: string
  readonly scratch?: IndexTrialOptions['scratch']
  /** Watches the heap under the same load; only where a probe sees it. */
  readonly watchHeap?: () => Promise<HeapProfileEvidence | undefined>
  readonly signal: AbortSignal
}

/** About two variations of each of thirty routes: seconds, not minutes, of somebody's service. */
const mostHttpRequests = 60

/** New evidence with the answers added; the evidence of round one is not changed. */
export async function gather(
  evidence: Evidence,
  requests: readonly EvidenceRequest[],
  options: GatherOptions,
): Promise<Evidence> {
  const [pg, probes] = await Promise.all([
    gatherFromDatabase(evidence, requests, options),
    gatherFromHttp(requests, options),
  ])
  // Alone and last: what else is asked for would be in its heap.
  const heap = requests.some(({ kind }) => kind === 'heap-growth') ? await options.watchHeap?.() : undefined
  return {
    ...evidence,
    ...(pg ? { pg } : {}),
    ...(probes.length > 0
      ? { 'http-probe': { schema: 'http-probe@1', probes: [...(evidence['http-probe']?.probes ?? []), ...probes] } }
      : {}),
    ...(heap ? { 'heap-profile': heap } : {}),
  }
}

async function gatherFromDatabase(
  evidence: Evidence,
  requests: readonly EvidenceRequest[],
  options: GatherOptions,
): Promise<PgEvidence | undefined> {
  const wanted = requests.filter(request => request.kind === 'index-trial' || request.kind === 'explain')
  if (!evidence.pg || !options.databaseUrl || wanted.length === 0) return evidence.pg
  const { statements } = evidence
  return runIndexTrials(evidence.pg, wanted, {
    url: options.databaseUrl,
    statements: statements?.statements ?? [],
    ...(statements ? { choose: pg => chosenIndexes(pg, statements) } : {}),
    ...(options.scratch ? { scratch: options.scratch } : {}),
    signal: options.signal,
  })
}

async function gatherFromHttp(requests: readonly EvidenceRequest[], options: GatherOptions): Promise<HttpProbe[]> {
  const probes: HttpProbe[] = []
  for (const request of requests) {
    if (request.kind !== 'http-probe' || probes.length >= mostHttpRequests || options.signal.aborted) continue
    const planned = options.workload.routes.find(route => route.route === request.route)?.requests[0]
    if (!planned) continue
    // A request that writes is in the workload only when the user said that repeating it does no harm; it is asked for the size it takes and nothing else.
    const mayWrite = planned.method !== 'GET' && planned.method !== 'HEAD'
    if (mayWrite !== (request.variation.kind === 'body-bytes')) continue
    const probe = await probeVariation(options.baseUrl, { route: request.route, ...planned }, request.variation, {
      allowWrites: mayWrite,
      signal: options.signal,
    })
    if (probe) probes.push(probe)
  }
  return probes
}
