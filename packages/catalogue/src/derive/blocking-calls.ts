/** Blocking calls made while a request was active: as the probe timed them, else as the CPU profile shows them. */
import type { CpuProfileEvidence, RouteName, RuntimeEvidence, Site, TracesEvidence } from '@whetstone/model'
import { msPerRequest, readMainThread } from './main-thread.ts'
import { readRoutes } from './routes.ts'

export interface BlockingCall {
  /** `pbkdf2Sync`, without its module. */
  readonly name: string
  readonly route?: RouteName
  readonly site?: Site
  readonly totalMs: number
  readonly msPerRequest: number
  /** Unknown from a profile. */
  readonly timed?: { readonly calls: number; readonly maxMs: number }
}

/** Most time first. Calls outside any request (start-up, jobs) are left out. */
export function readBlockingCalls(
  runtime: RuntimeEvidence | undefined,
  profile: CpuProfileEvidence | undefined,
  traces: TracesEvidence | undefined,
): readonly BlockingCall[] {
  const routes = traces ? readRoutes(traces) : undefined
  const timed = (runtime?.syncCalls ?? []).flatMap(({ name, route, site, calls, totalMs, maxMs }): BlockingCall[] => {
    if (route === undefined || route === '') return []
    const requests = routes?.get(route)?.requests ?? calls
    return [
      {
        name: name.split('.').at(-1)!,
        route,
        ...(site ? { site } : {}),
        totalMs,
        msPerRequest: totalMs / Math.max(1, requests),
        timed: { calls, maxMs },
      },
    ]
  })
  const thread = readMainThread(profile, traces)
  const sampled = (thread?.charges ?? []).flatMap((charge): BlockingCall[] => {
    if (charge.work !== 'sync' || !charge.frame || !thread) return []
    if (timed.some(call => call.name === charge.name)) return []
    return [
      {
        name: charge.name,
        ...(charge.route === undefined ? {} : { route: charge.route }),
        site: [charge.frame],
        totalMs: charge.totalMs,
        msPerRequest: msPerRequest(charge, thread, traces),
      },
    ]
  })
  return [...timed, ...sampled].toSorted((a, b) => b.totalMs - a.totalMs || a.name.localeCompare(b.name))
}
