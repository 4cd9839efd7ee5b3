/** Makes the workload: routes of every source, merged, sifted for safety, filled with real keys and tried once. */
import {
  candidatesOfDescription,
  candidatesOfRecording,
  type DescribedParameter,
  type ImportProblem,
  matchPattern,
  namesInQuery,
  parametersOf,
  readAccessLog,
  readHar,
  readHeaderLine,
  readOpenapi,
  readRequestLine,
  readRouteLine,
  type RouteCandidate,
} from '@whetstone/load/import'
import type { PlannedRoute, RouteName, SkippedRoute, Workload } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import type { FilledRoute } from './fill-route.ts'
import { fillRoute } from './fill-route.ts'
import type { SendRequest } from './http-client.ts'
import type { SampleKeys } from './key-sources.ts'
import { login } from './login.ts'
import { safetyOf } from './safety.ts'
import { readFrameworkRoutes } from './sources/framework-routes.ts'
import type { WorkloadInput } from './workload-input.ts'

export interface WorkloadShell {
  readonly send: SendRequest
  readonly sampleKeys?: SampleKeys
  /** Host and port of the service, to choose among the hosts of a HAR. */
  readonly targetHost?: string
}

export interface PlannedWorkload extends Workload {
  /** What could not be read in the files that were given. */
  readonly problems: readonly ImportProblem[]
  /** Where the keys of each route came from, `table orders` or `GET /orders`. */
  readonly keysFrom: Readonly<Record<RouteName, string>>
  /** What every request carries, credentials included: mask it in anything that is shown or stored. */
  readonly headers: Readonly<Record<string, string>>
}

const DEFAULT_REQUESTS_PER_ROUTE = 200
/** What clients say when nobody says otherwise; without it a service would never compress, and that would be measured. */
const CLIENT_HEADERS = { accept: 'application/json, */*;q=0.5', 'accept-encoding': 'gzip' }

/** Sends only reads while planning: a list per parameter, up to three tries per route, and the login. */
export async function planWorkload(input: WorkloadInput, shell: WorkloadShell): Promise<PlannedWorkload> {
  const random = seededRandom(input.seed)
  const count = input.requestsPerRoute ?? DEFAULT_REQUESTS_PER_ROUTE
  const given = { ...CLIENT_HEADERS, ...Object.fromEntries((input.headers ?? []).map(readHeaderLine)) }
  const headers = input.login === undefined ? given : { ...given, ...(await login(input.login, given, shell.send)) }
  const gathered = gatherCandidates(input, {
    random,
    count,
    ...(shell.targetHost === undefined ? {} : { targetHost: shell.targetHost }),
  })
  const routes: PlannedRoute[] = []
  const skipped: SkippedRoute[] = [...gathered.skipped]
  const keysFrom: Record<RouteName, string> = {}
  for (const candidate of gathered.candidates) {
    const route = nameOf(candidate)
    const safety = safetyOf(candidate)
    const filled: FilledRoute = safety.safe
      ? await fillRoute(candidate, {
          ids: input.ids ?? {},
          described: candidate.parameters ?? [],
          ...(shell.sampleKeys === undefined ? {} : { sampleKeys: shell.sampleKeys }),
          send: shell.send,
          headers,
          count,
          random,
        })
      : safety
    if ('requests' in filled) {
      addRoute(routes, { route, weight: candidate.weight, requests: filled.requests })
      if (filled.keysFrom !== undefined) keysFrom[route] = filled.keysFrom
    } else skipped.push({ route, why: filled.why, give: filled.give })
  }
  const problems = [...gathered.problems, ...unusedIds(input.ids ?? {}, gathered.candidates)]
  return { routes, skipped, problems, keysFrom, headers }
}

/** A name nobody asks for is a slip of the hand, and the values somebody meant would silently not be sent. */
function unusedIds(
  ids: Readonly<Record<string, readonly string[]>>,
  candidates: readonly RouteCandidate[],
): readonly ImportProblem[] {
  const asked = new Set(
    candidates.flatMap(({ pattern, query = '' }) => [
      ...parametersOf(pattern).flatMap(({ name, resource }) => [name, resource]),
      ...(namesInQuery(query) ?? []),
    ]),
  )
  return Object.keys(ids)
    .filter(name => !asked.has(name))
    .map(name => ({ file: `--ids ${name}`, why: 'no route to call has a parameter or a collection of that name' }))
}

/** Two typed routes may be one to the service, `/posts/:id` and `/notes/:id` under `/:kind/:id`: they are measured as one. */
function addRoute(routes: PlannedRoute[], added: PlannedRoute): void {
  const index = routes.findIndex(({ route }) => route === added.route)
  const known = routes[index]
  if (known === undefined) routes.push(added)
  else {
    const requests = [...known.requests, ...added.requests]
    routes[index] = { ...known, weight: known.weight + added.weight, requests }
  }
}

interface Gathered {
  readonly candidates: readonly RouteCandidate[]
  readonly skipped: readonly SkippedRoute[]
  readonly problems: readonly ImportProblem[]
}

function gatherCandidates(
  input: WorkloadInput,
  {
    random,
    count,
    targetHost,
  }: { readonly random: () => number; readonly count: number; readonly targetHost?: string },
): Gathered {
  const framework = readFrameworkRoutes(input.frameworkRoutes ?? [])
  const openapi = input.openapi === undefined ? undefined : candidatesOfDescription(readOpenapi(input.openapi))
  // The framework first: its spelling of a pattern is the one that traces carry.
  const declared = [...framework.candidates, ...(openapi?.candidates ?? [])]
  const patterns = [...new Set(declared.map(({ pattern }) => pattern))]
  const seen = { random, patterns, keepPerRoute: count }
  const har =
    input.har === undefined
      ? undefined
      : candidatesOfRecording(readHar(input.har), {
          ...seen,
          origin: 'har',
          ...(targetHost === undefined ? {} : { targetHost }),
        })
  const log =
    input.accessLog === undefined
      ? undefined
      : candidatesOfRecording(readAccessLog(input.accessLog), { ...seen, origin: 'access-log' })
  const listed = (input.routes ?? []).map(line => spelledAs(readRouteLine(line), patterns))
  // What the user lists or recorded is the mix; what is merely declared then only describes its parameters.
  const mix = [...listed, ...(har?.candidates ?? []), ...(log?.candidates ?? [])]
  const requested = (input.requests ?? []).map(line => spelledAs(readRequestLine(line), patterns))
  const chosen = [...requested, ...(mix.length > 0 ? mix : declared)]
  return {
    candidates: mergeCandidates(chosen, describedBy(declared)),
    skipped:
      mix.length > 0
        ? []
        : framework.unreadable.map(({ method, pattern }) => ({
            route: `${method} ${pattern}`,
            why: 'a wildcard or regular expression cannot be filled',
            give: `--route '${method} /…'`,
          })),
    problems: [openapi, har, log].flatMap(source => source?.problems ?? []),
  }
}

/** Names a typed route as the service declares it: `/orders/5` and `/orders/{orderId}` both belong to `/orders/:id`. */
function spelledAs(candidate: RouteCandidate, patterns: readonly string[]): RouteCandidate {
  const sameShape = patterns.find(pattern => shapeOf(pattern) === shapeOf(candidate.pattern))
  const fitted = sameShape ?? matchPattern(candidate.pattern, patterns)
  if (fitted === undefined) return candidate
  // What has parameters still to fill keeps the segments that were typed.
  const whole = candidate.requests.length > 0 || fitted === sameShape
  return whole ? { ...candidate, pattern: fitted } : { ...candidate, declaredAs: fitted }
}

/**
 * One candidate a route, under the spelling that came first: a typed one before a declared one, the framework before OpenAPI.
 * Requests that were typed or recorded for the same route are put together, with their weights.
 */
function mergeCandidates(
  candidates: readonly RouteCandidate[],
  described: ReadonlyMap<string, readonly DescribedParameter[]>,
): RouteCandidate[] {
  const merged = new Map<string, RouteCandidate>()
  for (const candidate of candidates) {
    const key = `${candidate.method} ${shapeOf(candidate.pattern)} ${candidate.operation ?? ''}`
    const known = merged.get(key)
    const parameters = described.get(`${candidate.method} ${shapeOf(candidate.pattern)}`)
    if (known === undefined) merged.set(key, { ...candidate, ...(parameters === undefined ? {} : { parameters }) })
    else if (candidate.requests.length > 0) {
      const weight = known.weight + candidate.weight
      merged.set(key, { ...known, requests: [...known.requests, ...candidate.requests], weight })
    }
  }
  return [...merged.values()]
}

function describedBy(declared: readonly RouteCandidate[]): Map<string, readonly DescribedParameter[]> {
  return new Map(
    declared.flatMap(({ method, pattern, parameters }) =>
      parameters === undefined ? [] : [[`${method} ${shapeOf(pattern)}`, parameters] as const],
    ),
  )
}

/** `/orders/:id` and `/orders/:orderId` have the same shape. */
function shapeOf(pattern: string): string {
  return pattern.replace(/:[A-Za-z_]\w*/g, ':')
}

function nameOf({ method, pattern, declaredAs, operation }: RouteCandidate): RouteName {
  const name = `${method} ${declaredAs ?? pattern}`
  return operation === undefined ? name : `${name} ${operation}`
}
