/** The flags of every load test, in groups: how much, what, over which wire, how it is judged. */
import type { LoadPlan } from '@whetstone/load'
import { type Command, Option } from 'commander'
import {
  addSafetyOptions,
  addStartOptions,
  addWorkloadOptions,
  type DurationBounds,
  durationOption,
  maxRatePerSecond,
  number,
  type StartOptions,
  type WorkloadOptions,
} from './service-options.ts'

export interface LoadOptions extends WorkloadOptions, StartOptions, WireOptions {
  readonly rate: number
  readonly maxRate: number
  readonly duration: number
  readonly warmUp: number
  readonly arrivals: 'uniform' | 'poisson'
  readonly pacing: NonNullable<LoadPlan['pacing']>
  readonly traceEvery?: number
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
const default_ = { ratePerSecond: 50, durationSeconds: 20, warmUpSeconds: 3, connections: 64 } as const

export function addLoadOptions(command: Command, durationSeconds: number = default_.durationSeconds): Command {
  command
    .optionsGroup('How much:')
    .option(
      '--rate <number>',
      'requests per second, sent when they are due (open model)',
      number('--rate', 0.1, 200_000),
      default_.ratePerSecond,
    )
    .addOption(durationOption('--duration', 'measured time', durationSeconds, anyLength))
    .addOption(
      durationOption('--warm-up', 'sent before it and not judged; 0s for none', default_.warmUpSeconds, orNone),
    )
    .addOption(
      new Option('--arrivals <how>', 'gaps between requests').choices(['poisson', 'uniform']).default('poisson'),
    )
    .option('--seed <number>', 'draws arrivals, keys and order', number('--seed', 0, 2 ** 31), 1)
    .option('--max-rate <number>', 'refuse to send more a second', number('--max-rate', 0.1, 200_000), maxRatePerSecond)
    .optionsGroup('What:')
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
      '--trace-every <number>',
      'one request in so many carries a traceparent, so that slow ones can be looked up',
      number('--trace-every', 1, 1e9),
    )
    .optionsGroup('The verdict:')
    .option('--strict-noise', 'exit 4 when it cannot be decided')
    .option('--json', 'one JSON object (whetstone/load@1) on stdout')
    .option('--open', 'open the page')
    .optionsGroup('The service:')
  addStartOptions(command)
  return addSafetyOptions(command, { elsewhere: 'a service' })
}

function addWireOptions(command: Command): Command {
  return command
    .option(
      '--connections <number>',
      'open at most so many; further requests wait, and the wait counts',
      number('--connections', 1, 10_000),
      default_.connections,
    )
    .option(
      '--requests-per-connection <number>',
      'then it is closed; 1 opens one for each (default: never)',
      number('--requests-per-connection', 1, 1e9),
    )
    .addOption(durationOption('--timeout', 'an answer that takes longer is an error', 10))
    .option('--http2', 'HTTP/2, without TLS for an http URL')
    .option('--unix-socket <path>', 'connect to this socket')
    .option('--insecure', 'accept any certificate')
    .option('--ca <file>', 'trust this authority too (PEM)')
    .option('--cert <file>', 'certificate of the client (PEM)')
    .option('--key <file>', 'its key (PEM)')
}
