/** The words a scenario file is written with. */
import type {
  Call,
  Flow,
  Request,
  RequestOptions,
  ScenarioDefinition,
  ScenarioUser,
  Step,
  Think,
  ThinkTime,
} from './definition.ts'
import { durationMs } from './duration.ts'
import type { Site } from './site.ts'
import { scenarioError, siteOf } from './site.ts'

const brand = Symbol.for('whetstone.scenario')

/** What a scenario file exports. */
export interface Scenario {
  readonly [brand]: true
  readonly definition: ScenarioDefinition
  readonly site: Site | undefined
}

/**
 * Checks nothing yet: mistakes are told, with their line, when the file is loaded. The type of `shared` is that of what
 * `setup` returns; write `setup` above what uses it.
 */
export function scenario<Shared = undefined>(definition: ScenarioDefinition<Shared>): Scenario {
  return { [brand]: true, definition: definition as ScenarioDefinition, site: siteOf(scenario) }
}

/** True also for a scenario made by another copy of this package. */
export function isScenario(value: unknown): value is Scenario {
  return typeof value === 'object' && value !== null && brand in value
}

/** `weight` is its share among the flows; default 1. */
export function flow(name: string, steps: readonly Step[]): Flow
export function flow(name: string, options: { readonly weight?: number }, steps: readonly Step[]): Flow
export function flow(
  name: string,
  ...given: [readonly Step[]] | [{ readonly weight?: number }, readonly Step[]]
): Flow {
  const [{ weight = 1 }, steps] = given.length === 1 ? [{}, given[0]] : given
  return { kind: 'flow', name, weight, steps, site: siteOf(flow) }
}

/** `{names}` in the path, the query, headers and bodies are filled in for each user; `{{name}}` is a literal `{name}`. */
export function request(method: string, path: string, options: RequestOptions = {}): Request {
  return { kind: 'request', method, path, options, site: siteOf(request) }
}

export function get(path: string, options: RequestOptions = {}): Request {
  return { kind: 'request', method: 'GET', path, options, site: siteOf(get) }
}

export function head(path: string, options: RequestOptions = {}): Request {
  return { kind: 'request', method: 'HEAD', path, options, site: siteOf(head) }
}

export function post(path: string, options: RequestOptions = {}): Request {
  return { kind: 'request', method: 'POST', path, options, site: siteOf(post) }
}

export function put(path: string, options: RequestOptions = {}): Request {
  return { kind: 'request', method: 'PUT', path, options, site: siteOf(put) }
}

export function patch(path: string, options: RequestOptions = {}): Request {
  return { kind: 'request', method: 'PATCH', path, options, site: siteOf(patch) }
}

/** DELETE, whose name is a word of the language. */
export function del(path: string, options: RequestOptions = {}): Request {
  return { kind: 'request', method: 'DELETE', path, options, site: siteOf(del) }
}

/** Waits `500ms`, anything from `200ms..1s`, or a time of `exponential('1s')`; the same for the same user in every run. */
export function think(time: string | ThinkTime): Think {
  const site = siteOf(think)
  return { kind: 'think', time: typeof time === 'string' ? thinkTime(time, site) : time, site }
}

/** Times with this mean, as between people who do not know of each other. */
export function exponential(mean: string): ThinkTime {
  return { kind: 'exponential', meanMs: milliseconds(mean, siteOf(exponential)) }
}

/**
 * Your own code, when a template cannot say it; what it rejects with ends the user's flow. Names it leaves in
 * `user.variables` for later steps are listed in `gives`.
 */
export function call(
  name: string,
  run: (user: ScenarioUser) => unknown,
  { gives = [] }: { readonly gives?: readonly string[] } = {},
): Call {
  return { kind: 'call', name, run, gives, site: siteOf(call) }
}

function thinkTime(text: string, site: Site | undefined): ThinkTime {
  const [from = '', to] = text.split('..')
  if (to === undefined) return { kind: 'fixed', ms: milliseconds(from, site) }
  const [fromMs, toMs] = [milliseconds(from, site), milliseconds(to, site)]
  if (fromMs > toMs) throw scenarioError(site, `think('${text}') ends before it begins`)
  return { kind: 'range', fromMs, toMs }
}

function milliseconds(text: string, site: Site | undefined): number {
  const ms = durationMs(text)
  if (ms === undefined) throw scenarioError(site, `${JSON.stringify(text)} is no time such as 500ms or 200ms..1s`)
  return ms
}
