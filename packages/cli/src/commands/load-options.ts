/** The flags of every load test, in groups: how much, what, over which wire, how it is judged. */
import type { LoadPlan } from '@whetstone/load'
import { type Command, Option } from 'commander'
import { runName } from './load-cluster-options.ts'
import {
  addSafetyOptions,
  addStartOptions,
  addWorkloadOptions,
  collect,
  duration,
  type DurationBounds,
  durationOption,
  maxRatePerSecond,
  number,
  wholeNumber,
  type StartOptions,
  type WorkloadOptions,
} from './service-options.ts'

export interface LoadOptions extends WorkloadOptions, StartOptions, WireOptions {
  readonly rate: number
  readonly maxRate: number
  readonly duration: number
  readonly warmUp: number
  readonly shape?: string
  readonly arrivals: 'uniform' | 'poisson'
  /** The closed model. */
  readonly users?: number
  /** A file, with `#` and the name of one of its scenarios where it holds several. */
  readonly scenario?: string
  readonly threshold: readonly string[]
  readonly output: readonly string[]
  readonly pacing: NonNullable<LoadPlan['pacing']>
  readonly traceEvery?: number
  readonly workers?: number
  readonly nats?: string
  readonly natsRun?: string
  /** Milliseconds for the workers of `nats` to join. */
  readonly wait?: number
  readonly strictNoise?: boolean
  readonly json?: boolean
  readonly open?: boolean
}

/** How requests reach the service. */
export interface WireOptions {
  readonly connections: number
  readonly requestsPerConnection?: number
  readonly timeout: number
  readonly http2?: boolean
  readonly unixSocket?: string
  readonly insecure?: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

const anyLength: DurationBounds = { least: '100ms', most: '24h' }
const orNone: DurationBounds = { least: '0s', most: '24h' }

/** Flags of a plain load that would have to mean something else in another kind of test; its help leaves them out. */
export const refusals = {
  stress: { why: 'stress offers one rate after another', flags: ['shape', 'users', 'threshold', 'nats'] },
  soak: { why: 'soak keeps one rate', flags: ['shape'] },
  spike: { why: 'spike has its own shape', flags: ['shape', 'users'] },
  capacity: { why: 'capacity tries one rate after another', flags: ['shape', 'users', 'threshold', 'nats'] },
} as const satisfies Record<string, { readonly why: string; readonly flags: readonly (keyof LoadOptions)[] }>
const ofNats = ['natsRun', 'wait']

/** What differs from one kind of test to the next. */
interface LoadDefaults {
  readonly ratePerSecond: number
  readonly rate: string
  readonly durationSeconds: number
  readonly duration: string
  readonly warmUpSeconds: number
}

interface LoadChange extends Partial<LoadDefaults> {
  /** Absent for a plain load, which refuses nothing. */
  readonly kind?: keyof typeof refusals
}

const oneRate: LoadDefaults = {
  ratePerSecond: 50,
  rate: 'requests per second, sent when they are due (open model)',
  durationSeconds: 20,
  duration: 'measured time',
  warmUpSeconds: 3,
}
/** Of all workers together. */
export const defaultConnections = 64

export function addLoadOptions(command: Command, { kind, ...change }: LoadChange = {}): Command {
  const defaults = { ...oneRate, ...change }
  command
    .optionsGroup('How much:')
    .option('--rate <number>', defaults.rate, number('--rate', 0.1, 200_000), defaults.ratePerSecond)
    .addOption(durationOption('--duration', defaults.duration, defaults.durationSeconds, anyLength))
    .addOption(
      durationOption('--warm-up', 'sent before it and not judged; 0s for none', defaults.warmUpSeconds, orNone),
    )
    .addOption(
      new Option(
        '--shape <shape>',
        'how the rate moves: ramp:10..200, stairs:50,100,200, sine:100±50/30s, spike:50..500@30s+10s, replay:shop.arrivals.txt',
      ).conflicts('rate'),
    )
    .addOption(
      new Option('--arrivals <how>', 'gaps between requests').choices(['poisson', 'uniform']).default('poisson'),
    )
    .addOption(
      new Option(
        '--users <number>',
        'closed model instead: so many users, each waiting for its answer; slow answers lower the load',
      )
        .argParser(wholeNumber('--users', 1, 10_000))
        // Users have no rate: one that was given would be broken in silence.
        .conflicts(['rate', 'shape']),
    )
    .option('--seed <number>', 'draws arrivals, keys and order', wholeNumber('--seed', 0, 2 ** 31), 1)
    .option(
      '--max-rate <number>',
      'refuse to begin more a second; --users have no rate',
      number('--max-rate', 0.1, 200_000),
      maxRatePerSecond,
    )
    .optionsGroup('What:')
    .option('--scenario <file>', 'a scenario file; file.ts#name where it holds several')
  addWorkloadOptions(command, { database: 'keys' })
  command.optionsGroup('The wire:')
  addWireOptions(command)
  command
    .optionsGroup('The generator:')
    .addOption(
      new Option('--pacing <how>', 'send times within 0.1 ms, within 1 ms for less CPU, or on a core of its own')
        .choices(['precise', 'timer', 'spin'])
        .default('precise'),
    )
    .option(
      '--workers <number>',
      'divide the load among so many threads, or workers of --nats',
      wholeNumber('--workers', 1, 1_000),
    )
    .option('--nats <url>', 'the workers are on other hosts: whetstone load worker')
    .option('--nats-run <name>', 'which run its workers join (default: "whetstone")', runName)
    .option('--wait <time>', 'for the workers of --nats to join (default: 2m)', duration('--wait', orNone))
    .option(
      '--trace-every <number>',
      'one request in so many carries a traceparent, so that slow ones can be looked up',
      wholeNumber('--trace-every', 1, 1e9),
    )
    .optionsGroup('The verdict:')
    .option(
      '--threshold <limit>',
      "a limit, 'p95 < 300ms over 10s abort', 'errors < 0.1%', 'rate >= 95/s' (repeatable)",
      collect,
      [],
    )
    .option(
      '--out, --output <kind=where>',
      'junit=, csv=, csv-summary=, json= or html= with a file; prometheus= or otlp= with a URL (repeatable)',
      collect,
      [],
    )
    .option('--strict-noise', 'exit 4 when it cannot be decided')
    .option('--json', 'one JSON object (whetstone/load@1) on stdout')
    .option('--open', 'open the page')
    .optionsGroup('The service:')
  addStartOptions(command)
  addSafetyOptions(command, { elsewhere: 'a service' })
  if (kind !== undefined) hide(command, refusals[kind].flags)
  return command
}

/** They are still read, so that who types one is told why it cannot be. */
function hide(command: Command, flags: readonly string[]): void {
  const hidden = new Set([...flags, ...(flags.includes('nats') ? ofNats : [])])
  for (const option of command.options) if (hidden.has(option.attributeName())) option.hideHelp()
}

export const scenarioExample: readonly string[] = [
  "import { flow, get, scenario } from '@whetstone/load'",
  "const browse = flow('browse', [get('/items', { expect: { status: 200 } })])",
  "export default scenario({ name: 'shop', target: 'http://127.0.0.1:3000', flows: [browse] })",
]

/** Below the flags of a command: how it is typed, and what its end means. */
export function addLoadHelp(command: Command, examples: readonly string[]): Command {
  return command.addHelpText(
    'after',
    [
      '',
      'Examples:',
      ...examples.map(example => `  whetstone ${example}`),
      '',
      'A scenario file, of which docs/guide/scenarios.md tells the rest:',
      ...scenarioExample.map(line => `  ${line}`),
      '',
      'Exit codes: 0 every limit was kept, 1 one was broken, or a route answered only',
      '4xx, or checks failed, 3 nothing answered, 4 it could not be decided,',
      '130 interrupted (what was measured is kept).',
    ].join('\n'),
  )
}

/** A search takes what a load takes, and its objective. */
export function addCapacityOptions(command: Command): Command {
  return addLoadOptions(
    command
      .optionsGroup('The objective:')
      .option('--slo <limit>', "what must hold, 'p95 < 200ms' or 'errors < 0.1%' (repeatable: all must)", collect, []),
    {
      ratePerSecond: 20,
      rate: 'requests per second to begin with; --max-rate is where it ends',
      durationSeconds: 5,
      duration: 'of each rate, longer where the objective needs more answers',
      warmUpSeconds: 1,
      kind: 'capacity',
    },
  )
}

function addWireOptions(command: Command): Command {
  return command
    .option(
      '--connections <number>',
      'open at most so many; further requests wait, and the wait counts',
      wholeNumber('--connections', 1, 10_000),
      defaultConnections,
    )
    .option(
      '--requests-per-connection <number>',
      'then it is closed; 1 opens one for each (default: never)',
      wholeNumber('--requests-per-connection', 1, 1e9),
    )
    .addOption(durationOption('--timeout', 'an answer that takes longer is an error', 10))
    .option('--http2', 'HTTP/2, without TLS for an http URL')
    .option('--unix-socket <path>', 'connect to this socket')
    .option('--insecure', 'accept any certificate')
    .option('--ca <file>', 'trust this authority too (PEM)')
    .option('--cert <file>', 'certificate of the client (PEM)')
    .option('--key <file>', 'its key (PEM)')
}
