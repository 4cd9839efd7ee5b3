/** One request of a flow: what is drawn before it, how it is written, and what is read of its answer. */
import type { LoadTarget } from '../plan.ts'
import type { Reading } from './answer/reading.ts'
import type { Tokens } from './auth.ts'
import type { CompiledCheck, Needs } from './check.ts'
import { compileExpectations } from './check.ts'
import type { Answer, RequestStep } from './compiled.ts'
import { CookieJar } from './cookies.ts'
import type { Draw, Values } from './data/values.ts'
import type { Request, RequestOptions, Value } from './definition.ts'
import type { CompiledExtract } from './extract.ts'
import { compileExtract } from './extract.ts'
import { checkKeys } from './known-keys.ts'
import type { RequestSettings, WrittenRequest } from './request/write-request.ts'
import { writeRequest } from './request/write-request.ts'
import type { FlowScope } from './scope.ts'
import type { Site } from './site.ts'
import { scenarioError } from './site.ts'
import type { Client, VirtualUser } from './user.ts'

/** What all requests of a scenario share. */
export interface World {
  readonly target: LoadTarget
  /** The index of a route, of a check under a route: made when they are new. */
  readonly route: (name: string) => number
  readonly check: (name: string, route: number) => number
  readonly values: Values
  readonly seed: number
  readonly request: RequestSettings
  readonly tokens: Tokens | undefined
  readonly reading: Reading
  readonly client: Client
}

export interface PlannedDraw {
  readonly name: string
  readonly value: Value
  readonly draw: Draw
}

/** Everything the compiler knows of one request; the steps and the fast path are made from it. */
export interface RequestPlan {
  readonly route: number
  readonly method: string
  /** Made for each user just before the request. */
  readonly draws: readonly PlannedDraw[]
  readonly written: WrittenRequest
  readonly checks: readonly (CompiledCheck & { readonly index: number })[]
  readonly extracts: readonly (CompiledExtract & { readonly index: number })[]
  readonly orStop: boolean
  readonly withToken: boolean
}

const REQUEST_KEYS = {
  name: true,
  headers: true,
  with: true,
  query: true,
  json: true,
  form: true,
  body: true,
  expect: true,
  extract: true,
  auth: true,
} as const satisfies Record<keyof RequestOptions, true>

/** Throws `WHET_SCENARIO`. Adds what the request makes known to `scope`. */
export function planRequest(request: Request, scope: FlowScope, world: World): RequestPlan {
  const { options, site } = request
  checkKeys('a request', options, REQUEST_KEYS, site)
  const name = options.name ?? `${request.method} ${routePath(request.path)}`
  const route = world.route(name)
  const draws = planDraws(options.with, scope, world, site)
  const withToken = world.tokens !== undefined && options.auth !== false
  const written = writeRequest(request, withToken ? world.request : { ...world.request, auth: undefined })
  for (const placeholder of written.names) scope.use(placeholder, site)

  const checks = compileExpectations(options.expect ?? {}, site).map(check => ({
    ...check,
    index: world.check(check.name, route),
  }))
  const extracts = Object.entries(options.extract ?? {}).map(([variable, extract]) => {
    if (typeof extract === 'object' && extract.kind === 'cookie' && !world.request.cookies) {
      throw scenarioError(site, `{${variable}} is a cookie, and the scenario keeps none (cookies: false)`)
    }
    const compiled = compileExtract(variable, extract, site, { seed: world.seed, place: world.values.place() })
    return { ...compiled, index: world.check(`finds {${variable}}`, route) }
  })
  for (const variable of Object.keys(options.extract ?? {})) scope.define(variable, site)
  // A user's own login reads the user's data, and so may any function of the author.
  if (usesCode(request) || (withToken && world.tokens?.perUser)) scope.useAll()
  return {
    route,
    method: request.method,
    draws,
    written,
    checks,
    extracts,
    orStop: options.expect?.orStop === true,
    withToken,
  }
}

/** What a step's `with` gives to it and to the steps after it. */
export function planDraws(
  values: Readonly<Record<string, Value>> = {},
  scope: FlowScope,
  world: World,
  site: Site | undefined,
): PlannedDraw[] {
  return Object.entries(values).map(([name, value]) => {
    const draw = world.values.draw(value, name)
    scope.define(name, site, value)
    return { name, value, draw }
  })
}

/** `kind` tells which answer to a refused token it is: passed on to a refresh, or taken as it is. */
export function requestStep(plan: RequestPlan, world: World, kind: 'first' | 'only' | 'again'): RequestStep {
  const { route, method, draws, written, checks, extracts, orStop } = plan
  const { reading } = world
  const { cookies, now } = world.request
  const first = kind === 'first'
  const reads = cookies || first || checks.length > 0 || extracts.length > 0
  return {
    kind: 'request',
    route,
    method,
    capture: most(
      [...checks, ...extracts].map(({ needs }) => needs),
      cookies ? 'head' : 'none',
    ),
    ...(kind === 'again' ? { when: (user: VirtualUser) => user.refused } : {}),
    encode(user: VirtualUser) {
      if (user.fault !== undefined) throw user.fault
      // The second time it is the same request, with another token.
      if (kind === 'again') user.refused = false
      else for (const { name, draw } of draws) user.variables[name] = draw(user)
      return written.write(user)
    },
    ...(reads ? { after } : {}),
  }

  function after(user: VirtualUser, answer: Answer, check: (index: number, passed: boolean) => void): boolean {
    reading.open(answer)
    if (cookies && SETS_COOKIE.test(answer.head)) {
      user.cookies ??= new CookieJar()
      user.cookies.store(answer.head, written.path(user), now())
    }
    if (first && answer.status === 401) {
      user.refused = true
      return true
    }
    let goesOn = true
    for (let index = 0; index < checks.length; index++) {
      const passed = holds(checks[index]!, reading, user)
      check(checks[index]!.index, passed)
      if (!passed && orStop) goesOn = false
    }
    for (let index = 0; index < extracts.length; index++) {
      const found = take(extracts[index]!, reading, user)
      check(extracts[index]!.index, found)
      if (!found) goesOn = false
    }
    return goesOn
  }
}

const SETS_COOKIE = /^set-cookie:/im

function holds(check: CompiledCheck, reading: Reading, user: VirtualUser): boolean {
  try {
    return check.holds(reading, user)
  } catch {
    // A predicate that stumbles over an unexpected body has found that the body is not as expected.
    return false
  }
}

function take(extract: CompiledExtract, reading: Reading, user: VirtualUser): boolean {
  let value: unknown
  try {
    value = extract.read(reading, user) ?? extract.otherwise
  } catch {
    value = extract.otherwise
  }
  user.variables[extract.name] = value
  return value !== undefined
}

function most(needs: readonly Needs[], least: Needs): Needs {
  if (needs.includes('body')) return 'body'
  return needs.includes('head') ? 'head' : least
}

/** The path with its names, as routes are called everywhere: `/items/{item.id}?page={page}` is `/items/:id`. */
export function routePath(path: string): string {
  return path.replace(/[?#].*$/, '').replaceAll(/\{\+?([^{}]+)\}/g, (_, name: string) => `:${name.split('.').at(-1)}`)
}

function usesCode({ options }: Request): boolean {
  return (
    Object.values(options.extract ?? {}).some(extract => typeof extract === 'function') ||
    (options.expect?.checks ?? []).some(({ holds }) => typeof holds === 'function')
  )
}
