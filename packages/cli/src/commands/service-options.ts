/** What `diagnose` and `trial` are both told about a service: load, workload, database. */
import { readFile } from 'node:fs/promises'
import { databaseKeys, planWorkload, requestSender, type WorkloadInput } from '@whetstone/loop'
import { durationMs, type Workload, WhetstoneError } from '@whetstone/model'
import { type Command, Option } from 'commander'
import type { CommandContext } from '../context.ts'
import { assertThisMachine, type SafetyOptions } from './safety.ts'

export interface ServiceOptions extends WorkloadOptions {
  /** Undefined: as much as the service keeps, at most 50 a second. */
  readonly rate?: number
  readonly warmUp: number
}

export interface WorkloadOptions extends SafetyOptions {
  readonly seed: number
  readonly db?: string
  readonly openapi?: string
  readonly har?: string
  readonly accessLog?: string
  readonly route: readonly string[]
  readonly request: readonly string[]
  readonly header: readonly string[]
  readonly login?: string
  readonly ids: readonly string[]
}

/** How to know that a command has become a service. */
export interface StartOptions {
  readonly port?: number
  readonly ready?: string
  readonly startTimeout?: number
}

/** A rate above this against one's own machine is a slip of the finger. */
export const maxRatePerSecond = 20_000

export interface OptionWords {
  /** What the database is read for. */
  readonly database: string
  /** What may be elsewhere. */
  readonly elsewhere: string
}

export function addServiceOptions(command: Command, words: OptionWords): Command {
  return addSafetyOptions(
    addWorkloadOptions(
      command
        .option(
          '--rate <number>',
          'requests per second, open model (default: below the knee, at most 50)',
          number('--rate', 0.1, maxRatePerSecond),
        )
        .addOption(durationOption('--warm-up', 'sent before it and not judged', 3))
        .option('--seed <number>', 'draws arrivals, keys and order', number('--seed', 0, 2 ** 31), 1),
      words,
    ),
    words,
  )
}

/** What is sent: routes, whole requests, and what goes with each of them. */
export function addWorkloadOptions(command: Command, words: Pick<OptionWords, 'database'>): Command {
  return command
    .option('--db <url>', `PostgreSQL to read ${words.database} from (default $DATABASE_URL)`)
    .option('--openapi <file>', 'routes from an OpenAPI 3 document')
    .option('--har <file>', 'routes and requests from a HAR recording')
    .option('--access-log <file>', 'routes, keys and mix from an access log (combined or JSON lines)')
    .option('--route <text>', "a route, 'GET /orders/:id 3' (repeatable; 3 is its weight)", collect, [])
    .option('--request <text>', `a request that is safe to repeat, 'POST /search {"q":"x"}' (repeatable)`, collect, [])
    .option('--header <text>', "sent with every request, 'name: value' (repeatable)", collect, [])
    .option('--login <text>', `sent once, its token reused, 'POST /login {"user":"a"}'`)
    .option(
      '--ids <name=file>',
      'values for a parameter of a path or of a typed query (?q=:name), one a line (repeatable)',
      collect,
      [],
    )
}

export function addSafetyOptions(command: Command, words: Pick<OptionWords, 'elsewhere'>): Command {
  return command
    .option('--allow-host <host>', `${words.elsewhere} that is not on this machine`)
    .option('--i-own-this', 'go on although NODE_ENV is production')
}

export function addStartOptions(command: Command): Command {
  return command
    .option('--port <number>', 'the port it listens on, when it has several', number('--port', 1, 65_535))
    .option('--ready <path>', 'path that answers once it is up')
    .option('--start-timeout <time>', 'how long it may take to listen', duration('--start-timeout'))
}

export function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value]
}

export function number(flag: string, low: number, high: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (text.trim() !== '' && value >= low && value <= high) return value
    throw new WhetstoneError('WHET_FLAG', `${flag} is '${text}'; it must be a number from ${low} to ${high}`)
  }
}

/** Of what cannot be divided. */
export function wholeNumber(flag: string, low: number, high: number): (text: string) => number {
  const read = number(flag, low, high)
  return text => {
    const value = read(text)
    if (Number.isInteger(value)) return value
    throw new WhetstoneError('WHET_FLAG', `${flag} is '${text}'; it must be a whole number`)
  }
}

/** Parsed to milliseconds; `--help` shows the default in the words the user would write. */
export function durationOption(flag: string, description: string, defaultSeconds: number, bounds = hour): Option {
  return new Option(`${flag} <time>`, description)
    .argParser(duration(flag, bounds))
    .default(defaultSeconds * 1_000, timeText(defaultSeconds))
}

/** As it is typed. */
function timeText(seconds: number): string {
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`
}

/** As they are typed, for the message as well as for the comparison. */
export interface DurationBounds {
  readonly least: string
  readonly most: string
}
const hour: DurationBounds = { least: '100ms', most: '60m' }

/** `500ms`, `30s`, `2m`, `8h`; milliseconds out. */
export function duration(flag: string, { least, most } = hour): (text: string) => number {
  return text => {
    const value = durationMs(text)
    if (value !== undefined && value >= durationMs(least)! && value <= durationMs(most)!) return value
    throw new WhetstoneError('WHET_FLAG', `${flag} is '${text}'; write a time from ${least} to ${most}, such as 30s`)
  }
}

/** The database to use, from the flag or the environment. @throws WhetstoneError WHET_FOREIGN_HOST, WHET_URL */
export function databaseOf(options: WorkloadOptions, context: CommandContext): string | undefined {
  const url = options.db ?? environmentDatabase(context)
  if (url !== undefined) assertThisMachine(url, 'database', options)
  return url
}

/** Other tools keep other databases in the same variable; those cannot be read here. */
function environmentDatabase({ env, terminal }: CommandContext): string | undefined {
  const url = env['DATABASE_URL']
  if (!url || /^postgres(ql)?:/i.test(url)) return url || undefined
  terminal.progress(`  ${terminal.marks.warn} DATABASE_URL is not a PostgreSQL URL; going on without a database`)
  return undefined
}

/** Reads the files the flags name. @throws WhetstoneError WHET_FILE */
export async function workloadInput(options: WorkloadOptions): Promise<WorkloadInput> {
  const file = async (name: string | undefined) =>
    name === undefined ? undefined : { file: name, text: await text(name) }
  const [openapi, har, accessLog] = await Promise.all([
    file(options.openapi),
    file(options.har),
    file(options.accessLog),
  ])
  const ids: Record<string, string[]> = {}
  for (const pair of options.ids) {
    const [, name, path] = /^([^=]+)=(.+)$/s.exec(pair) ?? []
    if (name === undefined || path === undefined)
      throw new WhetstoneError('WHET_FLAG', `--ids is '${pair}'; write name=file, such as orders=ids.txt`)
    ids[name] = (await text(path)).split(/\r?\n/).filter(Boolean)
  }
  return {
    ...(openapi ? { openapi } : {}),
    ...(har ? { har } : {}),
    ...(accessLog ? { accessLog } : {}),
    routes: options.route,
    requests: options.request,
    headers: options.header,
    ...(options.login === undefined ? {} : { login: options.login }),
    ids,
    seed: options.seed,
  }
}

async function text(name: string): Promise<string> {
  return readFile(name, 'utf8').catch(cause => {
    throw new WhetstoneError('WHET_FILE', `${name} cannot be read: ${(cause as Error).message}`, { cause })
  })
}

export interface PlanningContext {
  readonly baseUrl: string
  readonly frameworkRoutes: readonly { readonly method: string; readonly pattern: string }[]
  /** Keys for the parameters of paths are drawn from it. */
  readonly databaseUrl: string | undefined
  /** How single requests are sent while planning; default over plain HTTP. */
  readonly send?: Parameters<typeof planWorkload>[1]['send']
}

/** @throws WhetstoneError WHET_NO_ROUTES when nothing is left to send */
export async function planFor(
  options: WorkloadOptions,
  { baseUrl, frameworkRoutes, databaseUrl, send }: PlanningContext,
  context: CommandContext,
): Promise<Workload> {
  const { terminal } = context
  const base = new URL(baseUrl)
  const input = { ...(await workloadInput(options)), frameworkRoutes }
  const keys = databaseUrl === undefined ? undefined : await databaseKeys(databaseUrl, options.seed)
  if (databaseUrl !== undefined && keys === undefined)
    terminal.progress(`  ${terminal.marks.warn} the database does not answer; keys are taken from elsewhere`)
  const planned = await planWorkload(input, {
    send: send ?? requestSender(base),
    targetHost: base.host,
    ...(keys ? { sampleKeys: keys.sample } : {}),
  }).finally(() => keys?.close())
  for (const problem of planned.problems) {
    terminal.progress(
      `  ${terminal.marks.warn} ${problem.file}${problem.line ? `:${problem.line}` : ''} ${problem.why}`,
    )
  }
  if (planned.routes.length > 0) return planned
  const skipped = planned.skipped.slice(0, 8).map(route => `  ${route.route}: ${route.why}; ${route.give}`)
  throw new WhetstoneError('WHET_NO_ROUTES', 'no request could be made for any route', {
    hint: [...skipped, "Give one: --route 'GET /orders', or --openapi, --har, --access-log"].join('\n'),
  })
}
