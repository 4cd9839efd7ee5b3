/** The flags of `whetstone load worker` and `whetstone load k8s`, apart from what they load. */
import { WhetstoneError } from '@whetstone/model'
import type { Command } from 'commander'
import {
  addSafetyOptions,
  duration,
  type DurationBounds,
  durationOption,
  number,
  wholeNumber,
} from './service-options.ts'

export interface LoadWorkerOptions {
  readonly nats: string
  readonly natsRun: string
  readonly index?: number
  readonly name?: string
  readonly wait: number
  readonly stay: number
  readonly allowHost?: string
  readonly iOwnThis?: boolean
}

export interface LoadK8sOptions {
  readonly name: string
  readonly namespace?: string
  readonly image: string
  readonly natsImage: string
  readonly workers: number
  readonly rate: number
  readonly duration: string
  readonly warmUp: string
  readonly scenario?: string
  readonly route: readonly string[]
  readonly threshold: readonly string[]
  readonly cpu: string
  readonly memory: string
  readonly wait: string
  readonly ttl: number
  readonly output?: string
}

const hours = { least: '0s', most: '24h' }

/** A subject of NATS is made of it, in which a dot or a star would mean something. @throws WhetstoneError WHET_FLAG */
export function runName(text: string): string {
  if (/^[\w-]{1,64}$/.test(text)) return text
  throw new WhetstoneError('WHET_FLAG', `--nats-run is '${text}'; write letters, digits, - and _`)
}

export function addLoadWorkerOptions(command: Command): Command {
  command
    .description('a worker of a load that is controlled elsewhere: load worker --nats nats://10.0.0.5')
    .requiredOption('--nats <url>', 'where workers and controller meet')
    .option('--nats-run <name>', 'which run to join', runName, 'whetstone')
    .option(
      '--index <number>',
      'the share it would like, from 0 (default: JOB_COMPLETION_INDEX, or any)',
      wholeNumber('--index', 0, 999),
    )
    .option('--name <name>', 'how it is called in the report (default: host and process)')
    .addOption(durationOption('--wait', 'for the controller to come', 120, hours))
    .addOption(durationOption('--stay', 'for another run of the same name, once one is over', 10, hours))
  return addSafetyOptions(command, { elsewhere: 'load a service' })
}

const collect = (text: string, before: readonly string[]) => [...before, text]
/** Kept as it was typed, for another command line. */
const timeText = (flag: string, bounds: DurationBounds) => {
  const check = duration(flag, bounds)
  return (text: string) => (check(text), text)
}

export function addLoadK8sOptions(command: Command): Command {
  return command
    .description('a manifest for Kubernetes, workers, NATS and controller: load k8s http://shop.default.svc:3000')
    .argument('<url>', 'the service, as seen from the cluster')
    .option('--name <name>', 'of everything in it', 'whetstone-load')
    .option('--namespace <name>', 'default: that of kubectl')
    .option('--image <image>', 'of yours, with whetstone on its PATH', 'whetstone:latest')
    .option('--nats-image <image>', 'the NATS server, with nc beside it', 'nats:2.11-alpine')
    .option('--workers <number>', 'how many share the load', wholeNumber('--workers', 1, 1000), 3)
    .option('--rate <number>', 'requests per second of all together', number('--rate', 0.1, 200_000), 50)
    .option('--duration <time>', 'measured time', timeText('--duration', { least: '1s', most: '24h' }), '5m')
    .option('--warm-up <time>', 'sent before it and not judged', timeText('--warm-up', hours), '10s')
    .option('--scenario <file>', 'a scenario file that needs no other file of yours')
    .option('--route <route>', "'GET /orders 3': a request and its weight (repeatable)", collect, [])
    .option('--threshold <limit>', "a limit, 'p95 < 300ms' (repeatable)", collect, [])
    .option('--cpu <quantity>', 'of a worker', '1')
    .option('--memory <quantity>', 'of a worker', '512Mi')
    .option(
      '--wait <time>',
      'for workers and controller to start, and find one another',
      timeText('--wait', hours),
      '15m',
    )
    .option('--ttl <seconds>', 'until finished jobs are removed', wholeNumber('--ttl', 0, 1e7), 3600)
    .option('--output <file>', 'default: standard output')
}
