/** The words a scenario file is written with. */
import type { Call, Flow, Request, RequestOptions, ScenarioDefinition, ScenarioUser, Step } from './definition.ts'
import { checkKeys } from './known-keys.ts'
import type { Site } from './site.ts'
import { siteOf } from './site.ts'

const brand = Symbol.for('whetstone.scenario')

/** What a scenario file exports. */
export interface Scenario {
  readonly [brand]: true
  readonly definition: ScenarioDefinition
  readonly site: Site | undefined
}

/**
 * Checks nothing yet: most mistakes are told, with their line, when the file is loaded. The type of `shared` is that of what
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
  const [options, steps] = given.length === 1 ? [{}, given[0]] : given
  const site = siteOf(flow)
  checkKeys('flow', options, { weight: true }, site)
  return { kind: 'flow', name, weight: options.weight ?? 1, steps, site }
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

/**
 * Your own code, when a template cannot say it; what it rejects with ends the user's flow. Names it leaves in
 * `user.variables` for later steps are listed in `gives`.
 */
export function call(
  name: string,
  run: (user: ScenarioUser) => unknown,
  options: { readonly gives?: readonly string[] } = {},
): Call {
  const site = siteOf(call)
  checkKeys('call', options, { gives: true }, site)
  return { kind: 'call', name, run, gives: options.gives ?? [], site }
}
