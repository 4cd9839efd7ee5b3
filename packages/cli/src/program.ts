/** The grammar: every command with its flags and its one line of help. */
import { createRequire } from 'node:module'
import { maskedDeep, type Severity } from '@whetstone/model'
import { Command, Help, Option } from 'commander'
import { shownCommandLine } from './command-line.ts'
import type { CommandContext } from './context.ts'
import type { CapacityOptions } from './commands/capacity.ts'
import type { CatalogueOptions } from './commands/catalogue.ts'
import type { DemoOptions } from './commands/demo.ts'
import type { DiagnoseCommandOptions } from './commands/diagnose.ts'
import type { ExplainOptions } from './commands/explain.ts'
import { addCacheOptions } from './commands/cache-options.ts'
import { addLoadKinds } from './commands/load-kinds.ts'
import { addCapacityOptions, addLoadHelp, addLoadOptions, type LoadOptions } from './commands/load-options.ts'
import type { ReportOptions } from './commands/report.ts'
import { addServiceOptions, addStartOptions, durationOption, number } from './commands/service-options.ts'
import type { TrialCommandOptions } from './commands/trial.ts'
import type { Terminal } from './terminal/terminal.ts'

export interface ProgramShell {
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly words: readonly string[]
  readonly setExitCode: (code: number) => void
  readonly runSaved: (id: string) => void
}

const version = (createRequire(import.meta.url)('../package.json') as { version: string }).version

export function createProgram({ terminal, signal, words, setExitCode, runSaved }: ProgramShell): Command {
  const context: CommandContext = {
    terminal,
    signal,
    workingDirectory: process.cwd(),
    env: process.env,
    now: () => new Date(),
    toolVersion: `whetstone ${version}`,
    commandLine: shownCommandLine(words),
    runSaved,
    json: value => process.stdout.write(`${JSON.stringify(maskedDeep(value))}\n`),
  }
  const program = new Command('whetstone')
    .description(
      'Whetstone sharpens backends: it measures a running backend, names what makes it slow,\nand proves what the remedy gains.',
    )
    .version(version)
    .option('--no-color', 'plain text')
    .option('--verbose', 'stack traces with errors')
    // What was typed wrong may hold a password.
    .configureOutput({ writeErr: text => terminal.progress(text.trimEnd()) })
    .showSuggestionAfterError()
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ helpWidth: 80, optionDescription })
    .addHelpText('after', '\nStart with:  whetstone demo\nThen:        whetstone diagnose -- node server.js')
  // Each command loads its own code: `--help` must not pay for the parsers of `diagnose`.
  program
    .command('demo')
    .description('a slow shop on a real PostgreSQL, measured, diagnosed, remedied and proved')
    .option('--json', 'one JSON object on stdout')
    .option('--no-open', 'do not open the report')
    .addOption(new Option('--fixed', 'diagnose the fixed shop instead'))
    .option('--seed <number>', 'draws arrivals and keys', number('--seed', 0, 2 ** 31), 1)
    .action(async (options: DemoOptions) =>
      setExitCode(await (await import('./commands/demo.ts')).demoCommand(options, context)),
    )
  addCacheOptions(
    addStartOptions(
      addServiceOptions(
        program
          .command('diagnose')
          .description('measure a service and name what makes it slow: diagnose -- node server.js')
          .argument('[target...]', 'a URL, or -- and the command that starts it')
          .passThroughOptions(),
        { database: 'plans, statistics and keys', elsewhere: 'a service or database' },
      ),
    ),
  )
    .addOption(durationOption('--duration', 'measured time, such as 30s', 20))
    .option(
      '--load <command>',
      "drive it with a load tool of your own: 'wrk -d 20s --latency $URL/orders'; wrk, ab and autocannon write no single request, so a service that runs already needs --otlp with them",
    )
    .option('--otlp <port>', 'receive OpenTelemetry traces on this port', text =>
      number('--otlp', 0, 65_535)(text.replace(/^:/, '')),
    )
    .option('--explain-analyze', 'also run EXPLAIN ANALYZE on the database')
    .option(
      '--no-copy',
      'do not copy rows of the slow tables into a private scratch database on this machine to try indexes on',
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit 5 on findings at least this severe').choices(['high', 'warn', 'info']),
    )
    .option('--json', 'one JSON object (whetstone/run@1) on stdout')
    .option('--open', 'open the report')
    .action(async (target: string[], options: DiagnoseCommandOptions, command: Command) => {
      const durationGiven = command.getOptionValueSource('duration') === 'cli'
      const { diagnoseCommand } = await import('./commands/diagnose.ts')
      setExitCode(await diagnoseCommand(target, { ...options, durationGiven }, context))
    })
  addStartOptions(
    addServiceOptions(
      program
        .command('trial')
        .description("compare two commands: trial --a 'node old.js' --b 'node new.js'")
        .requiredOption('--a <command>', 'the base')
        .requiredOption('--b <command>', 'the change'),
      { database: 'keys', elsewhere: 'a database' },
    ),
  )
    .option('--pairs <number>', 'interleaved pairs of blocks', number('--pairs', 4, 200), 14)
    .addOption(durationOption('--block', 'measured part of a block', 2))
    .option('--margin <percent>', 'smaller changes count as equal', number('--margin', 0.1, 50), 5)
    .option('--strict-noise', 'exit 4 when it cannot be decided')
    .option('--json', 'one JSON object (trial@1) on stdout')
    .action(async (options: TrialCommandOptions) =>
      setExitCode(await (await import('./commands/trial.ts')).trialCommand(options, context)),
    )
  const load = addLoadOptions(
    program
      .command('load')
      .description('requests on schedule against a service, timed from the schedule: load http://127.0.0.1:3000')
      .argument('[target...]', 'a URL, or -- and the command that starts it'),
  ).action(async (target: string[], options: LoadOptions) =>
    setExitCode(await (await import('./commands/load.ts')).loadCommand(target, options, context)),
  )
  addLoadHelp(load, [
    'load http://127.0.0.1:3000/items --rate 200 --duration 1m',
    "load --route 'GET /items 3' --threshold 'p95 < 300ms' -- node server.js",
    'load --scenario checkout.ts --shape ramp:10..200 --output junit=load.xml',
    'load stress http://127.0.0.1:3000',
  ])
  addLoadKinds(load, { context, setExitCode })
  const capacity = addCapacityOptions(
    program
      .command('capacity')
      .description("the largest rate that keeps an objective: capacity --slo 'p95 < 200ms' http://127.0.0.1:3000")
      .argument('[target...]', 'a URL, or -- and the command that starts it'),
  ).action(async (target: string[], options: CapacityOptions) =>
    setExitCode(await (await import('./commands/capacity.ts')).capacityCommand(target, options, context)),
  )
  addLoadHelp(capacity, [
    "capacity --slo 'p95 < 200ms' http://127.0.0.1:3000",
    "capacity --slo 'p99 < 1s' --slo 'errors < 0.1%' --max-rate 2000 -- node server.js",
  ])
  program
    .command('explain')
    .description('the mechanism, the exceptions and the remedy of a practice')
    .argument('<practice>')
    .option('--run <id>', 'take findings from this run instead of the latest')
    .option('--json', 'one JSON object on stdout')
    .action(async (id: string, options: ExplainOptions) =>
      (await import('./commands/explain.ts')).explainCommand(id, options, context),
    )
  program
    .command('identify')
    .description('judge a saved run again, offline')
    .argument('[run]', 'id, beginning of an id, folder, or latest', 'latest')
    .addOption(
      new Option('--fail-on <severity>', 'exit 5 on findings at least this severe').choices(['high', 'warn', 'info']),
    )
    .option('--json', 'one JSON object on stdout')
    .action(async (run: string, options: { json?: boolean; failOn?: Severity }) =>
      setExitCode(await (await import('./commands/identify.ts')).identifyCommand(run, options, context)),
    )
  program
    .command('coverage')
    .description('what was looked at in a run, and what was not')
    .argument('[run]', 'id or latest', 'latest')
    .option('--json', 'one JSON array on stdout')
    .action(async (run: string, options: { json?: boolean }) =>
      (await import('./commands/coverage.ts')).coverageCommand(run, options, context),
    )
  program
    .command('report')
    .description('write the HTML report of a run again')
    .argument('[run]', 'id or latest', 'latest')
    .option('--output <file>', 'where to')
    .option('--open', 'open it')
    .option('--json', 'the run as one JSON object')
    .action(async (run: string, options: ReportOptions) =>
      (await import('./commands/report.ts')).reportCommand(run, options, context),
    )
  program
    .command('history')
    .description('the runs of this folder')
    .option('--json', 'one JSON array on stdout')
    .action(async (options: { json?: boolean }) =>
      (await import('./commands/history.ts')).historyCommand(options, context),
    )
  program
    .command('export')
    .description('a run without parameters, literals and secrets, to share')
    .argument('[run]', 'id or latest', 'latest')
    .option('--output <file>', 'where to (default <run>.whetstone.json)')
    .action(async (run: string, options: { output?: string }) =>
      (await import('./commands/export.ts')).exportCommand(run, options, context),
    )
  program
    .command('catalogue')
    .description('the practices of the roadmap')
    .option('--chapter <name>', 'only this chapter')
    .option('--json', 'one JSON array on stdout')
    .action(async (options: CatalogueOptions) =>
      (await import('./commands/catalogue.ts')).catalogueCommand(options, context),
    )
  program
    .command('init')
    .description('write whetstone.config.ts by asking four questions')
    .option('--yes', 'take the defaults')
    .action(async (options: { yes?: boolean }) => (await import('./commands/init.ts')).initCommand(options, context))
  return program
}

/** A flag that may be repeated begins with none of it, which is no default worth a word. */
function optionDescription(option: Option): string {
  const shown = Array.isArray(option.defaultValue)
    ? new Option(option.flags, option.description).default(undefined)
    : option
  return new Help().optionDescription(shown)
}
