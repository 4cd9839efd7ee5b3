/** The service of a load test: found by its URL or started without the probe, and the requests that will be sent to it. */
import { assertKnown, describeScenario, type LoadPlan, loadScenario, parseThreshold } from '@whetstone/load'
import { commandArm, type HeapWatch, openStand, type Stand, type Subject, watchCollectedHeap } from '@whetstone/loop'
import { exitCodes, type PlannedRoute, WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import { label, progressPrinter } from '../terminal/progress.ts'
import type { LoadOptions } from './load-options.ts'
import { scenarioReference } from './load-plan.ts'
import { assertReachable, senderFor, targetOf } from './load-wire.ts'
import { assertNotProduction, assertThisMachine } from './safety.ts'
import { databaseOf, planFor } from './service-options.ts'
import { nameOf, subjectOf } from './subject.ts'

export interface LoadService {
  readonly name: string
  readonly url: string
  readonly target: LoadPlan['target']
  readonly routes: readonly PlannedRoute[]
  /** Of the process that was started. */
  readonly pid?: number
  /** Of a service that was started with its heap watched. */
  readonly readHeap?: HeapWatch['read']
  close(): Promise<void>
}

export interface ServiceSettings {
  /** Whether a probe may be in the service it starts. */
  readonly watchesHeap?: boolean
}

/** @throws WhetstoneError WHET_NO_TARGET, WHET_PRODUCTION, WHET_FOREIGN_HOST, WHET_TARGET_UNREACHABLE, WHET_NO_ROUTES … */
export async function openService(
  command: string,
  words: readonly string[],
  options: LoadOptions,
  context: CommandContext,
  { watchesHeap = false }: ServiceSettings = {},
): Promise<LoadService> {
  assertOneSource(options)
  const subject = subjectOf(command, words.length === 0 ? await scenarioTarget(options) : words, options, context)
  assertNotProduction(options, context)
  if (subject.kind === 'url') {
    assertNothingToStart(options)
    return atUrl(subject.url, subject, options, context)
  }
  if (!watchesHeap) return started(subject, options, context)
  const heap = await watchCollectedHeap()
  try {
    const watched = { ...subject, env: { ...subject.env, ...heap.env } }
    const service = await started(watched, options, context)
    return { ...service, readHeap: () => heap.read(), close: () => service.close().finally(() => heap.close()) }
  } catch (error) {
    await heap.close()
    throw error
  }
}

async function atUrl(
  text: string,
  subject: Subject,
  options: LoadOptions,
  context: CommandContext,
): Promise<LoadService> {
  if (options.unixSocket === undefined) assertThisMachine(text, 'service', options)
  const url = new URL(text)
  const target = await targetOf(url, options)
  await assertReachable(target, context.signal)
  // Nothing said about routes: the address itself is the request, as with curl.
  const asked = namesRequests(options) ? options : { ...options, request: [`GET ${url.pathname}${url.search}`] }
  const routes = await planned(url.origin, target, asked, context, [])
  if (asked !== options) await tryOnce(routes, senderFor(target, options.timeout), context)
  return { name: nameOf(subject), url: url.origin, target, routes, close: async () => {} }
}

/** A load of errors is one that may be wanted, but not one to begin by accident. @throws WhetstoneError WHET_TARGET_UNREACHABLE where there is no answer at all */
async function tryOnce(
  [route]: readonly PlannedRoute[],
  send: ReturnType<typeof senderFor>,
  { terminal }: CommandContext,
): Promise<void> {
  const [request] = route?.requests ?? []
  if (route === undefined || request === undefined) return
  const { status, failed } = await send(request)
  if (failed !== undefined)
    throw new WhetstoneError('WHET_TARGET_UNREACHABLE', `${route.route} was not answered: ${failed}`, {
      exitCode: exitCodes.target,
      hint: /^tls-(untrusted|wrong-host)$/.test(failed)
        ? 'Trust its authority with --ca authority.pem, or accept any with --insecure'
        : 'Try it with curl -i first',
    })
  if (status >= 400) terminal.progress(`  ${terminal.marks.warn} ${route.route} answers ${status}`)
}

async function started(
  subject: Extract<Subject, { kind: 'command' }>,
  options: LoadOptions,
  context: CommandContext,
): Promise<LoadService> {
  const { terminal, signal } = context
  const found = namesRequests(options) ? undefined : await lookInside(subject, options, context)
  const readyPath = options.ready ?? firstPath(found?.routes ?? [])
  const arm = commandArm(nameOf(subject), {
    ...subject,
    ...(readyPath === undefined ? {} : { readyPath }),
    ...(found ? { layout: found.layout } : {}),
  })
  const running = await arm.start(signal)
  try {
    const url = new URL(running.baseUrl)
    terminal.progress(`${label(arm.name)}listening on ${url.host}`)
    const target = await targetOf(url, options)
    const routes = found?.routes ?? (await planned(url.origin, target, options, context, []))
    const pid = running.pid === undefined ? {} : { pid: running.pid }
    return { name: arm.name, url: url.origin, target, routes, ...pid, close: () => running.stop() }
  } catch (error) {
    await running.stop()
    throw error
  }
}

/** Started once under the probe, which knows the routes of the framework; the measured process is another, without it. */
async function lookInside(subject: Subject, options: LoadOptions, context: CommandContext) {
  context.terminal.progress(`${label('routes')}asking the service for them`)
  const stand: Stand = await openStand({
    subject,
    ...(options.ready === undefined ? {} : { readyPath: options.ready }),
    onProgress: progressPrinter(context.terminal, () => performance.now()),
    signal: context.signal,
  })
  try {
    const url = new URL(stand.baseUrl)
    const routes = await planned(
      url.origin,
      await targetOf(url, options),
      options,
      context,
      stand.probe?.routes() ?? [],
    )
    const { target } = stand
    if (target === undefined) throw new WhetstoneError('WHET_NO_COMMAND', 'there is no command to start')
    return { routes, layout: { port: target.port, ports: await target.ports() } }
  } finally {
    await stand.close()
  }
}

async function planned(
  baseUrl: string,
  target: LoadPlan['target'],
  options: LoadOptions,
  context: CommandContext,
  frameworkRoutes: Parameters<typeof planFor>[1]['frameworkRoutes'],
): Promise<readonly PlannedRoute[]> {
  if (options.scenario !== undefined) {
    const scenario = await loadScenario(scenarioReference(options.scenario), { target, seed: options.seed })
    for (const line of describeScenario(scenario).split('\n')) context.terminal.progress(`  ${line}`)
    const { routes, checks } = scenario
    const told = checks.map(({ name, route }) => ({ name, route: routes[route]! }))
    assertKnown(limitsOf(options), { routes, checks: told })
    return []
  }
  const send = senderFor(target, options.timeout)
  const databaseUrl = databaseOf(options, context)
  const { routes, skipped } = await planFor(options, { baseUrl, frameworkRoutes, databaseUrl, send }, context)
  const { terminal } = context
  for (const { route, why, give } of skipped.slice(0, 5))
    terminal.progress(`  ${terminal.marks.warn} ${route} is left out: ${why}; ${give}`)
  if (skipped.length > 5) terminal.progress(`  ${terminal.marks.warn} and ${skipped.length - 5} more routes`)
  assertKnown(limitsOf(options), { routes: routes.map(({ route }) => route), checks: [] })
  return routes
}

/** Those that were typed for this load; the config's are for every load of the folder, and some may be about others. */
function limitsOf({ threshold, slo = [] }: LoadOptions & { readonly slo?: readonly string[] }) {
  return [...threshold, ...slo].map(parseThreshold)
}

function namesRequests({ scenario, route, request, openapi, har, accessLog }: LoadOptions): boolean {
  return [scenario, openapi, har, accessLog].some(Boolean) || route.length + request.length > 0
}

/** The address the scenario was written for, where none is given. */
async function scenarioTarget({ scenario, seed }: LoadOptions): Promise<readonly string[]> {
  if (scenario === undefined) return []
  const { target } = await loadScenario(scenarioReference(scenario), { seed })
  return target === undefined ? [] : [target]
}

/** @throws WhetstoneError WHET_FLAG: a scenario says itself what is sent */
function assertOneSource(options: LoadOptions): void {
  if (options.scenario === undefined) return
  const { route, request, header, ids, openapi, har, accessLog, login, db } = options
  const given = Object.entries({ route, request, header, ids, openapi, har, 'access-log': accessLog, login, db })
    .filter(([, value]) => value !== undefined && value.length > 0)
    .map(([flag]) => `--${flag}`)
  if (given.length === 0) return
  throw new WhetstoneError('WHET_FLAG', `--scenario says itself what is sent; ${given.join(', ')} cannot go with it`, {
    hint: `Write it into ${options.scenario}, or leave --scenario out`,
  })
}

/** @throws WhetstoneError WHET_FLAG: they say how a service is started, and this one runs already */
function assertNothingToStart({ port, ready, startTimeout }: LoadOptions): void {
  const given = Object.entries({ port, ready, 'start-timeout': startTimeout }).find(([, value]) => value !== undefined)
  if (given === undefined) return
  throw new WhetstoneError('WHET_FLAG', `--${given[0]} is for a service that is started, and this one runs already`, {
    hint: 'whetstone load -- node server.js',
  })
}

function firstPath(routes: readonly PlannedRoute[]): string | undefined {
  return routes.flatMap(route => route.requests).find(request => request.method === 'GET')?.path
}
