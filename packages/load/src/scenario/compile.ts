/** From what a scenario file says to what the engine runs; everything that can be known before the run is settled here. */
import { isWhetstoneError, WhetstoneError, exitCodes } from '@whetstone/model'
import type { LoadTarget } from '../plan.ts'
import { hostHeader } from '../plan.ts'
import { Reading } from './answer/reading.ts'
import { tokensOf } from './auth.ts'
import type { CompiledScenario } from './compiled.ts'
import { compileFlow } from './compile-flow.ts'
import type { World } from './compile-request.ts'
import { CookieJar } from './cookies.ts'
import { Values } from './data/values.ts'
import type { Scenario } from './define.ts'
import type { Auth, ScenarioDefinition } from './definition.ts'
import type { Http } from './http.ts'
import { httpClient } from './http.ts'
import { checkKeys } from './known-keys.ts'
import { Registry } from './registry.ts'
import { checkName } from './scope.ts'
import type { Site } from './site.ts'
import { scenarioError, shown, siteIn } from './site.ts'
import { fixedText, parseTemplate } from './template.ts'
import type { VirtualUser } from './user.ts'

export interface CompileOptions {
  readonly target: LoadTarget
  /** Decides random draws and think times, together with the user's number. */
  readonly seed: number
  /** Of the scenario file; data files are looked up from there. */
  readonly folder: string
  /** Milliseconds since 1970, for the expiry of cookies. */
  readonly now: () => number
}

/** Throws `WHET_SCENARIO`, with file and line, for whatever could not be carried out. */
export function compileScenario({ definition, site }: Scenario, options: CompileOptions): CompiledScenario {
  checkFlows(definition, site)
  const { name, flows, setup, teardown, auth } = definition
  const routes = new Registry<string>(route => route)
  const checks = new Registry<{ readonly name: string; readonly route: number }>(
    ({ name, route }) => `${route} ${name}`,
  )
  const values = new Values(options.seed)
  const client = clients(definition, options, site)
  const world: World = {
    target: options.target,
    route: route => routes.index(route),
    check: (check, route) => checks.index({ name: check, route }),
    values,
    seed: options.seed,
    request: {
      hostHeader: hostHeader(options.target),
      headers: definition.headers ?? {},
      cookies: definition.cookies !== false,
      auth: authHeader(definition, site),
      now: options.now,
    },
    tokens: auth === undefined ? undefined : tokensOf(auth, () => client(), site),
    reading: new Reading(),
    client,
  }
  const data = new Map(
    Object.entries(definition.data ?? {}).map(([variable, value]) => {
      checkName(variable, site)
      return [variable, { value, draw: values.draw(value, variable) }]
    }),
  )
  const compiled = flows.map(flow => compileFlow(flow, data, world))
  const { tokens } = world
  return {
    name,
    ...(definition.target === undefined ? {} : { target: definition.target }),
    routes: routes.all,
    checks: checks.all,
    flows: compiled,
    ...(setup === undefined ? {} : { setup: () => inFile('setup', site, async () => plain(await setup(client()))) }),
    async prepare(shared) {
      await values.prepare(options.folder)
      await inFile('auth.token', site, async () => tokens?.prepare(shared))
    },
    ...(teardown === undefined
      ? {}
      : { teardown: shared => inFile('teardown', site, async () => void (await teardown(shared, client()))) }),
    arrivalLimit: () => values.limit(),
    data: () => values.summary(),
  }
}

const SCENARIO_KEYS = {
  name: true,
  target: true,
  headers: true,
  data: true,
  cookies: true,
  setup: true,
  auth: true,
  flows: true,
  teardown: true,
} as const satisfies Record<keyof ScenarioDefinition, true>
const AUTH_KEYS = { token: true, per: true, header: true, as: true } as const satisfies Record<keyof Auth, true>

function checkFlows(definition: ScenarioDefinition, site: Site | undefined): void {
  const { name, flows, auth } = definition
  checkKeys('scenario', definition, SCENARIO_KEYS, site)
  if (auth !== undefined) checkKeys('auth', auth, AUTH_KEYS, site)
  if (typeof name !== 'string' || name === '') throw scenarioError(site, 'the scenario has no name')
  if (!Array.isArray(flows) || flows.length === 0) throw scenarioError(site, `scenario ${name} has no flows`)
  const twice = flows.find((flow, index) => flows.findIndex(other => other.name === flow.name) !== index)
  if (twice) throw scenarioError(twice.site, `two flows are called ${twice.name}`)
  if (!flows.some(({ weight }) => weight > 0)) throw scenarioError(site, 'every flow has weight 0')
}

/** Ways to the service: for one user with its cookies and token, or for nobody in particular. */
function clients(definition: ScenarioDefinition, { target, now }: CompileOptions, site: Site | undefined) {
  const headers = Object.fromEntries(
    Object.entries(definition.headers ?? {}).flatMap(([name, value]) => {
      // Names belong to users; without one a header that has some is left out.
      const text = fixedText(parseTemplate(value))
      return text === undefined ? [] : [[name, text]]
    }),
  )
  const auth = authHeader(definition, site)
  return (user?: VirtualUser): Http => {
    const token =
      auth === undefined || user?.token === undefined ? {} : { [auth.header]: auth.as.replace('{token}', user.token) }
    if (user === undefined || definition.cookies === false) {
      return httpClient({ target, headers: { ...headers, ...token }, now })
    }
    user.cookies ??= new CookieJar()
    return httpClient({ target, headers: { ...headers, ...token }, jar: user.cookies, now })
  }
}

function authHeader({ auth }: ScenarioDefinition, site: Site | undefined): World['request']['auth'] {
  if (auth === undefined) return undefined
  const { header = 'authorization', as = 'Bearer {token}' } = auth
  if (!as.includes('{token}')) throw scenarioError(site, `auth.as is ${JSON.stringify(as)}, without {token}`)
  return { header, as }
}

/** What another process would receive, so that one worker and many see the same. */
function plain(shared: unknown): unknown {
  return shared === undefined ? undefined : (JSON.parse(JSON.stringify(shared)) as unknown)
}

/** Says which of the author's functions failed and at which line of the file. */
async function inFile<T>(what: string, site: Site | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const known = isWhetstoneError(cause)
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const place = site === undefined ? undefined : siteIn(site.file, error.stack ?? '')
    throw new WhetstoneError(
      'WHET_SCENARIO_FAILED',
      `${place === undefined ? '' : `${shown(place)}: `}${what} failed: ${error.message}`,
      { exitCode: exitCodes.target, cause, ...(known && cause.hint !== undefined ? { hint: cause.hint } : {}) },
    )
  }
}
