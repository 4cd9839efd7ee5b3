/** Requests into flows: a mix of routes by their shares, a visit in its order with its pauses, or folders one by one. */
import type { ImportProblem, RecordedRequest } from '../imported.ts'
import type { RouteGroup } from '../route-groups.ts'
import type { DraftFlow, DraftStep } from './draft.ts'
import { requestStep, type StepOptions } from './request-step.ts'
import { routeStep } from './route-step.ts'
import type { Variables } from './variables.ts'
import { neatWeights } from './weights.ts'

/** The heaviest first. */
export function mixOfRoutes(groups: readonly RouteGroup[], variables: Variables): DraftFlow[] {
  const sorted = [...groups].sort((a, b) => b.count - a.count)
  const weights = neatWeights(sorted.map(({ count }) => count))
  return withOwnNames(
    sorted.map((group, index) => {
      const step = routeStep(group, variables)
      return { name: step.name ?? group.pattern, weight: weights[index]!, steps: [step] }
    }),
  )
}

/** Each different request is a flow of its own, as often as it occurs. */
export function mixOfRequests(requests: readonly RecordedRequest[], options: StepOptions): DraftFlow[] {
  const counts = new Map<string, { readonly request: RecordedRequest; count: number }>()
  for (const request of requests) {
    const { method, path, headers, body } = request
    const key = JSON.stringify([method, path, headers, body])
    const known = counts.get(key)
    if (known === undefined) counts.set(key, { request, count: 1 })
    else known.count++
  }
  const all = [...counts.values()]
  const weights = neatWeights(all.map(({ count }) => count))
  return withOwnNames(
    all.map(({ request }, index) => {
      const step = requestStep(request, options)
      const name = request.name ?? step.name ?? `${request.method} ${request.path.split('?')[0]}`
      return { name, weight: weights[index]!, steps: [step] }
    }),
  )
}

/** What is within a folder belongs together and keeps its order. */
export function folders(requests: readonly RecordedRequest[], options: StepOptions): DraftFlow[] {
  const groups = new Map<string, RecordedRequest[]>()
  for (const request of requests) {
    const name = request.group ?? 'requests'
    const known = groups.get(name)
    if (known === undefined) groups.set(name, [request])
    else known.push(request)
  }
  return withOwnNames(
    [...groups].map(([name, own]) => ({ name, weight: 1, steps: own.map(request => requestStep(request, options)) })),
  )
}

/** A pause shorter than this is the browser's, not a person's. */
const SHORTEST_PAUSE_MS = 200
/** A longer pause was lunch. */
const LONGEST_PAUSE_MS = 300_000
const MAX_STEPS = 2_000

/** One visit from beginning to end; a person's pauses are the gaps in which nothing was under way. */
export function visit(
  name: string,
  requests: readonly RecordedRequest[],
  options: StepOptions & { readonly file: string },
): { readonly flows: DraftFlow[]; readonly leftOut: ImportProblem[] } {
  const timed = requests.every(({ atMs }) => atMs !== undefined)
  const inOrder = timed ? [...requests].sort((a, b) => a.atMs! - b.atMs!) : requests
  const steps: DraftStep[] = []
  let quietSinceMs: number | undefined
  for (const request of inOrder.slice(0, MAX_STEPS)) {
    const pauseMs = quietSinceMs === undefined || request.atMs === undefined ? 0 : request.atMs - quietSinceMs
    if (pauseMs >= SHORTEST_PAUSE_MS) steps.push({ kind: 'think', ms: twoDigits(Math.min(pauseMs, LONGEST_PAUSE_MS)) })
    steps.push(requestStep(request, options))
    if (request.atMs !== undefined) quietSinceMs = Math.max(quietSinceMs ?? 0, request.atMs + (request.durationMs ?? 0))
  }
  const more = inOrder.length - MAX_STEPS
  return {
    flows: steps.length === 0 ? [] : [{ name, weight: 1, steps }],
    leftOut: more > 0 ? [{ file: options.file, why: `left out ${more} requests after the first ${MAX_STEPS}` }] : [],
  }
}

function twoDigits(ms: number): number {
  return Number(ms.toPrecision(2))
}

/** No two flows of a scenario may have one name. */
function withOwnNames(flows: readonly DraftFlow[]): DraftFlow[] {
  const taken = new Set<string>()
  return flows.map(flow => {
    const wanted = flow.name.slice(0, 80)
    let name = wanted
    for (let count = 2; taken.has(name); count++) name = `${wanted} (${count})`
    taken.add(name)
    return { ...flow, name }
  })
}
