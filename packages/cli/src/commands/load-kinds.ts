/** The other shapes of a load test, each a word behind `whetstone load`, with the flags that differ. */
import type { Command } from 'commander'
import { WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import {
  addLoadK8sOptions,
  addLoadWorkerOptions,
  type LoadK8sOptions,
  type LoadWorkerOptions,
} from './load-cluster-options.ts'
import { addLoadImportOptions, type LoadImportOptions } from './load-import-options.ts'
import { addLoadOptions, type LoadOptions } from './load-options.ts'
import type { SpikeOptions } from './load-spike.ts'
import { number } from './service-options.ts'

export interface KindShell {
  readonly context: CommandContext
  readonly setExitCode: (code: number) => void
}

export function addLoadKinds(load: Command, { context, setExitCode }: KindShell): void {
  refuseEarlyFlags(load)
  const target = (command: Command) => command.argument('[target...]', 'a URL, or -- and the command that starts it')
  addLoadOptions(
    target(
      load
        .command('stress')
        .description('climbs past the knee, to twice its rate, and back: does goodput hold, does it recover?'),
    ),
    {
      ratePerSecond: 20,
      rate: 'of the first step, which must be easy; --max-rate is where it ends',
      durationSeconds: 5,
      duration: 'of each step',
      warmUpSeconds: 1,
      kind: 'stress',
    },
  ).action(async (words: string[], options: LoadOptions) =>
    setExitCode(await (await import('./load-stress.ts')).loadStressCommand(words, options, context)),
  )
  addLoadOptions(
    target(
      load
        .command('soak')
        .description('the same load for a long time: does latency, memory, heap or a count of handles grow?'),
    ),
    { durationSeconds: 1_800, duration: 'less than 30m can hardly tell a leak', kind: 'soak' },
  ).action(async (words: string[], options: LoadOptions) =>
    setExitCode(await (await import('./load-soak.ts')).loadSoakCommand(words, options, context)),
  )
  addLoadOptions(
    target(
      load
        .command('spike')
        .description('a sudden crowd in the middle of a steady load: what does it do, and how long is it felt?')
        .optionsGroup('The spike:')
        .option(
          '--peak <number>',
          'requests per second in it (default: five times --rate)',
          number('--peak', 0.1, 200_000),
        ),
    ),
    { ratePerSecond: 20, rate: 'requests per second before and after it', durationSeconds: 30, kind: 'spike' },
  ).action(async (words: string[], options: SpikeOptions) =>
    setExitCode(await (await import('./load-spike.ts')).loadSpikeCommand(words, options, context)),
  )
  addLoadImportOptions(load.command('import')).action(async (source: string, options: LoadImportOptions) =>
    (await import('./load-import.ts')).loadImportCommand(source, options, context),
  )
  addLoadWorkerOptions(load.command('worker')).action(async (options: LoadWorkerOptions) =>
    (await import('./load-worker.ts')).loadWorkerCommand(options, context),
  )
  addLoadK8sOptions(load.command('k8s')).action(async (url: string, options: LoadK8sOptions) =>
    (await import('./load-k8s.ts')).loadK8sCommand(url, options, context),
  )
}

/** Flags stand behind the word of the kind; before it they would be read and forgotten. */
function refuseEarlyFlags(load: Command): void {
  load.enablePositionalOptions().hook('preSubcommand', (parent, kind) => {
    const early = parent.options.filter(option => parent.getOptionValueSource(option.attributeName()) === 'cli')
    if (early.length === 0) return
    const flags = early.map(({ long }) => long).join(', ')
    throw new WhetstoneError('WHET_FLAG', `${flags} stands before ${kind.name()}, where it is not read`, {
      hint: `whetstone load ${kind.name()} ${flags} …`,
    })
  })
}
