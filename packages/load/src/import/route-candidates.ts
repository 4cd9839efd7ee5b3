/** Routes of any source in one shape; recorded requests are gathered into them, with their share and a fair sample of each. */
import type { PlannedRequest } from '@whetstone/model'
import type { ImportProblem, RecordedRequest, Recording } from './imported.ts'
import { requestsToOneHost } from './one-host.ts'
import type { DescribedParameter, Description } from './openapi.ts'
import type { GroupOptions } from './route-groups.ts'
import { groupRequests } from './route-groups.ts'

/** One route of one source, before its parameters are filled. */
export interface RouteCandidate {
  readonly method: string
  /** Normalised: parameters as `:name`, without query. */
  readonly pattern: string
  /** The pattern the service declares for it, where the user typed a part of it: `/:kind/:id` for `/posts/:id`. Traces carry this one. */
  readonly declaredAs?: string
  readonly origin: 'framework' | 'openapi' | 'har' | 'access-log' | 'route' | 'request'
  /** Requests seen or given whole: nothing to fill. */
  readonly requests: readonly PlannedRequest[]
  /** How often it was seen, or the weight that was given; 1 when nothing is known. */
  readonly weight: number
  /** The user said that repeating it does no harm. */
  readonly markedSafe?: boolean
  /** Appended after filling, with its `?`. */
  readonly query?: string
  readonly parameters?: readonly DescribedParameter[]
  /** A body that a POST needs, with its content type. */
  readonly body?: string
  /** GraphQL operation, part of the route's name. */
  readonly operation?: string
}

export interface ReadSource {
  readonly candidates: readonly RouteCandidate[]
  readonly problems: readonly ImportProblem[]
}

export interface SeenOptions extends GroupOptions {
  readonly origin: RouteCandidate['origin']
  /** Host and port of the service under test, preferred when the recording holds several. */
  readonly targetHost?: string
}

export function candidatesOfDescription({ operations, problems }: Description): ReadSource {
  const candidates = operations.map(operation => ({
    origin: 'openapi' as const,
    requests: [],
    weight: 1,
    ...operation,
  }))
  return { candidates, problems }
}

export function candidatesOfRecording(recording: Recording, options: SeenOptions): ReadSource {
  const { requests, leftOut } = requestsToOneHost(recording, options.targetHost)
  const candidates = groupRequests(requests, options).map(({ method, pattern, operation, kept, count }) => ({
    origin: options.origin,
    method,
    pattern,
    requests: kept.map(planned),
    weight: count,
    ...(operation ? { operation } : {}),
  }))
  return { candidates, problems: [...recording.problems, ...recording.leftOut, ...leftOut] }
}

/** Sent again; cookies and credentials of the recording are not, they belong to somebody's session (use --header or --login). */
const KEPT_HEADER = /^(accept|accept-language|content-type|x-(?!csrf|xsrf|auth|api-?key|forwarded|real-ip)[\w-]+)$/

function planned({ method, path, headers, body }: RecordedRequest): PlannedRequest {
  return {
    method,
    path,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT_HEADER.test(name))),
    ...(body === undefined ? {} : { body }),
  }
}
