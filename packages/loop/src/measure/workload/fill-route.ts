/** Turns one route into requests that are known to be answered, or says why that cannot be done and what to give. */
import { contentTypeOf, fillPattern, parametersOf, type RouteCandidate } from '@whetstone/load/import'
import type { PlannedRequest } from '@whetstone/model'
import { randomInteger } from '@whetstone/stats'
import type { Random } from '@whetstone/stats'
import type { HttpReply } from './http-client.ts'
import type { KeySources } from './key-sources.ts'
import { keysFor } from './key-sources.ts'
import { type QueryDrawer, queryDrawer, totalOfList, typedQueryDrawer } from './query-parameters.ts'

export type FilledRoute =
  | { readonly requests: readonly PlannedRequest[]; readonly keysFrom?: string }
  | { readonly why: string; readonly give: string }

export interface FillOptions extends KeySources {
  readonly random: Random
}

/** Keys tried against the service before a place is believed: one may have been deleted, three may not. */
const TRIED_KEYS = 3

export async function fillRoute(candidate: RouteCandidate, options: FillOptions): Promise<FilledRoute> {
  if (candidate.requests.length > 0) return fillWhole(candidate, options)
  const parameters = parametersOf(candidate.pattern)
  if (parameters.length === 0) return tryRequests(candidate, [[]], options, undefined)
  let refused: FilledRoute | undefined
  for await (const { tuples, from } of tuplesFor(candidate.pattern, options)) {
    const filled = await tryRequests(candidate, tuples, options, from)
    if ('requests' in filled) return filled
    refused ??= filled
  }
  if (refused !== undefined) return refused
  const { name, resource } = parameters.at(-1)!
  const unnamed = parameters.some(parameter => parameter.resource === '')
  const example = unnamed
    ? '/…'
    : fillPattern(
        candidate.pattern,
        parameters.map(() => '1'),
      )
  const route = `--route '${candidate.method} ${example}'`
  return {
    why: `no values known for ${parameters.map(parameter => `:${parameter.name}`).join(' and ')}`,
    give: unnamed
      ? `${route} with a path that exists`
      : `--ids ${resource === '' ? name : resource}=ids.txt, or ${route}`,
  }
}

/** Requests given or recorded whole are sent as they are; one is tried, so that a recording of another version is noticed. */
async function fillWhole(candidate: RouteCandidate, options: FillOptions): Promise<FilledRoute> {
  const requests = candidate.requests.map(request => ({
    ...request,
    headers: { ...options.headers, ...request.headers },
  }))
  // Not even once: a write the user vouches for is sent under load only, when it was asked for.
  if (candidate.markedSafe === true) return { requests }
  const objection = await tried(requests, candidate, options)
  return objection ?? { requests }
}

type Tuples = readonly (readonly string[])[]

/** Value tuples for all parameters of the pattern, place by place; the first parameter varies slowest. */
async function* tuplesFor(
  pattern: string,
  options: FillOptions,
): AsyncGenerator<{ readonly tuples: Tuples; readonly from: string }> {
  yield* extend([[]], 0, '')

  async function* extend(
    parents: Tuples,
    index: number,
    from: string,
  ): AsyncGenerator<{ readonly tuples: Tuples; readonly from: string }> {
    const parameter = parametersOf(pattern)[index]
    if (parameter === undefined) return yield { tuples: parents, from }
    for await (const found of keysFor(pattern, parameter, parents, options)) {
      const joined = found.tuples ?? pair(parents, found.keys, options)
      yield* extend(joined, index + 1, from === '' ? found.from : `${from}, ${found.from}`)
    }
  }
}

function pair(parents: Tuples, keys: readonly string[], { count, random }: FillOptions): Tuples {
  if (parents.length === 1) return keys.map(key => [...parents[0]!, key])
  return Array.from({ length: count }, () => [
    ...parents[randomInteger(random, parents.length)]!,
    keys[randomInteger(random, keys.length)]!,
  ])
}

async function tryRequests(
  candidate: RouteCandidate,
  tuples: Tuples,
  options: FillOptions,
  keysFrom: string | undefined,
): Promise<FilledRoute> {
  const pathOf = (tuple: readonly string[]) => fillPattern(candidate.pattern, tuple)
  const requestOf = (tuple: readonly string[], query: string): PlannedRequest => ({
    method: candidate.method,
    path: pathOf(tuple) + query,
    headers: {
      ...options.headers,
      ...describedHeaders(candidate),
      ...(candidate.body === undefined ? {} : { 'content-type': contentTypeOf(candidate.body) }),
    },
    ...(candidate.body === undefined ? {} : { body: candidate.body }),
  })
  const query = await queryOf(candidate, requestOf(tuples[0]!, ''), options)
  if ('why' in query) return query
  const wanted = query.varies ? options.count : Math.min(options.count, tuples.length)
  const drawn = sampled(tuples, wanted, options.random).map(tuple => requestOf(tuple, query.draw()))
  const requests = [...new Map(drawn.map(request => [request.path, request])).values()]
  const objection = await tried(requests, candidate, options)
  return objection ?? { requests, ...(keysFrom === undefined ? {} : { keysFrom }) }
}

/** @param plain the request without a query, to be asked how long the list is */
async function queryOf(
  candidate: RouteCandidate,
  plain: PlannedRequest,
  options: FillOptions,
): Promise<Exclude<QueryDrawer, { readonly missing: string }> | { readonly why: string; readonly give: string }> {
  if (candidate.query !== undefined) {
    const typed = typedQueryDrawer(candidate.query, options.ids, options.random)
    if (!('missing' in typed)) return typed
    return { why: `no values known for :${typed.missing}`, give: `--ids ${typed.missing}=values.txt` }
  }
  const described = (candidate.parameters ?? []).filter(parameter => parameter.in === 'query')
  const total = described.length > 0 ? await totalAt(plain, options) : undefined
  const drawn = queryDrawer(described, total, options.random)
  if (!('missing' in drawn)) return drawn
  return {
    why: `the parameter ${drawn.missing} is required and OpenAPI gives no value`,
    give: `--route '${candidate.method} ${plain.path}?${drawn.missing}=…'`,
  }
}

/** `undefined` when one of a few requests is answered; a 5xx is an answer, and worth measuring. */
async function tried(
  requests: readonly PlannedRequest[],
  candidate: RouteCandidate,
  { send, random }: FillOptions,
): Promise<FilledRoute | undefined> {
  let objection: FilledRoute | undefined
  for (const request of sampled(requests, Math.min(TRIED_KEYS, requests.length), random)) {
    objection = objectionTo(await send(request), candidate, request)
    if (objection === undefined) return undefined
  }
  return objection
}

function objectionTo(reply: HttpReply, candidate: RouteCandidate, { path }: PlannedRequest): FilledRoute | undefined {
  const { method, pattern } = candidate
  const shown = path.length > 80 ? `${path.slice(0, 80)}…` : path
  const parameters = parametersOf(pattern)
  if (reply.failed !== undefined)
    return {
      why: `${method} ${shown} was not answered: ${reply.failed}`,
      give: `a service that answers ${method} ${shown}`,
    }
  if (/^text\/event-stream/i.test(reply.headers['content-type'] ?? '')) {
    return { why: 'it streams events without end', give: 'nothing: such a route has no response time' }
  }
  if (reply.status === 401 || reply.status === 403) {
    return {
      why: `${method} ${shown} answers ${reply.status}`,
      give: `--header 'authorization: Bearer …' or --login 'POST /login {…}'`,
    }
  }
  if (reply.status === 404 && parameters.length > 0) {
    const { resource, name } = parameters.at(-1)!
    return { why: `${method} ${shown} answers 404`, give: `--ids ${resource === '' ? name : resource}=ids.txt` }
  }
  if (reply.status >= 400 && reply.status < 500 && reply.status !== 429) {
    return {
      why: `${method} ${shown} answers ${reply.status}`,
      give: `--route '${method} ${pattern}?…' with the parameters it needs`,
    }
  }
  return undefined
}

async function totalAt(request: PlannedRequest, { send }: FillOptions): Promise<number | undefined> {
  const reply = await send(request)
  return reply.failed === undefined && reply.status < 300 ? totalOfList(reply.body, reply.headers) : undefined
}

function describedHeaders(candidate: RouteCandidate): Record<string, string> {
  const headers = (candidate.parameters ?? []).filter(
    parameter => parameter.in === 'header' && parameter.values.length > 0,
  )
  return Object.fromEntries(headers.map(({ name, values }) => [name.toLowerCase(), values[0]!]))
}

/** `count` items at random, each at most once before any repeats. */
function sampled<T>(items: readonly T[], count: number, random: Random): T[] {
  const picked: T[] = []
  while (picked.length < count) {
    const left = [...items]
    while (left.length > 0 && picked.length < count) picked.push(left.splice(randomInteger(random, left.length), 1)[0]!)
  }
  return picked
}
