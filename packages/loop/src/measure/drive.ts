/** Who drives the service in a measured window: our engine, or a load tool of the user's own. */
import { setTimeout as delay } from 'node:timers/promises'
import { type LoadPlan, loadTarget, run as runLoad } from '@whetstone/load'
import { exitCodes, type LoadStep, type TracesEvidence, WhetstoneError, type Workload } from '@whetstone/model'
import { stepOf } from './load-command/load-step.ts'
import { readOutput } from './load-command/read-output.ts'
import { type CommandResult, runLoadCommand } from './load-command/run-command.ts'
import { seenWorkload } from './load-command/seen-workload.ts'
import type { OnProgress } from './progress.ts'

export interface DriveOptions {
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly durationMs: number
  readonly warmUpMs: number
  readonly seed: number
  /** The load tool of the user's own, with `$URL` for the address; workload, rate and warm-up are then its matter. */
  readonly loadCommand?: string
  /** Where the project's files are; the command runs there. */
  readonly root: string
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

export interface Drive {
  /** For people: how much, for how long. */
  readonly detail: string
  /** How long the processor is watched from the beginning of the load. */
  readonly profileMs: number
  warmUp(): Promise<LoadStep | undefined>
  run(): Promise<Driven>
}

export interface Driven {
  /** Known without a look inside the service. */
  readonly step?: LoadStep
  /** @throws WhetstoneError WHET_LOAD_UNSEEN when nothing tells how long requests took */
  judged(traces: TracesEvidence | undefined): Judged
}

export interface Judged {
  readonly step: LoadStep
  /** What was sent, so that a request can be asked again. */
  readonly workload: Workload
  readonly warnings: readonly string[]
}

export function driveOf(baseUrl: string, options: DriveOptions): Drive {
  return options.loadCommand === undefined
    ? byEngine(baseUrl, options)
    : byCommand(baseUrl, options, options.loadCommand)
}

/** The load of the measured window: every later look at the service under load sends the same. */
export function planOf(
  baseUrl: string,
  {
    workload,
    ratePerSecond,
    durationMs,
    seed,
  }: Pick<DriveOptions, 'workload' | 'ratePerSecond' | 'durationMs' | 'seed'>,
): LoadPlan {
  return {
    target: loadTarget(new URL(baseUrl)),
    routes: workload.routes,
    ratePerSecond,
    durationMs,
    warmUpMs: 0,
    arrivals: 'poisson',
    seed,
    maxConnections: 64,
    timeoutMs: 10_000,
    // A slow answer can then be looked up by its trace, and a sampled parent makes any instrumentation keep it.
    traceEvery: 1,
  }
}

/** The profile ends before the load does, so that it has arrived when the probe is asked for what is left. */
const PROFILE_MARGIN_MS = 700

function byEngine(baseUrl: string, options: DriveOptions): Drive {
  const { durationMs, warmUpMs, seed, workload, signal, onProgress, ratePerSecond } = options
  const plan = planOf(baseUrl, options)
  return {
    detail: `${ratePerSecond} req/s for ${durationMs / 1_000} s`,
    profileMs: Math.max(500, durationMs - PROFILE_MARGIN_MS),
    async warmUp() {
      onProgress({ kind: 'stage', stage: 'warm-up', detail: `${warmUpMs / 1_000} s` })
      if (warmUpMs === 0) return undefined
      const { measure } = await runLoad({ ...plan, durationMs: warmUpMs, seed: seed + 1 }, { signal })
      return { ...measure, purpose: 'warm-up' }
    },
    async run() {
      const began = performance.now()
      const { measure } = await runLoad(plan, {
        signal,
        onInterval: live =>
          onProgress({
            kind: 'load',
            elapsedMs: live.atMs,
            totalMs: durationMs,
            ratePerSecond: live.completed / Math.max(0.001, (performance.now() - began) / 1_000),
            p50Ms: live.p50Ms,
            p95Ms: live.p95Ms,
            errors: live.errors,
          }),
      })
      return { step: measure, judged: () => ({ step: measure, workload, warnings: [] }) }
    },
  }
}

/** A profile of a few seconds: how long the tool will run is not known beforehand. */
const COMMAND_PROFILE_MS = 4_000

function byCommand(baseUrl: string, options: DriveOptions, text: string): Drive {
  const { durationMs, root, signal, onProgress } = options
  const profileMs = Math.max(500, Math.min(COMMAND_PROFILE_MS, durationMs - PROFILE_MARGIN_MS))
  return {
    detail: text,
    profileMs,
    // The tool knows of no warm-up; a second run of it would be another load.
    warmUp: async () => undefined,
    async run() {
      const result = await runLoadCommand({ text, baseUrl, workingDirectory: root, durationMs, signal })
      onProgress({ kind: 'note', label: 'load', detail: endingOf(result) })
      // A tool that ended early leaves the profiler behind.
      await delay(Math.max(0, profileMs + PROFILE_MARGIN_MS - result.elapsedMs), undefined, { signal }).catch(
        () => undefined,
      )
      return {
        judged: traces => {
          const judged = judgedCommand(baseUrl, result, traces)
          if (judged !== undefined) return judged
          throw signal.aborted ? interrupted() : unseen(text, result)
        },
      }
    },
  }
}

function judgedCommand(baseUrl: string, result: CommandResult, traces: TracesEvidence | undefined): Judged | undefined {
  const read = stepOf(readOutput(result.texts), {
    startedAt: result.startedAt.toISOString(),
    elapsedMs: result.elapsedMs,
    cpuFraction: result.cpuFraction,
    traces,
  })
  return (
    read && {
      step: read.step,
      workload: seenWorkload(traces, baseUrl, result.paths),
      warnings: [
        ...read.warnings,
        ...(result.stopped
          ? ['the load command did not end in time and was stopped: --duration says how long it may take']
          : []),
        ...(result.exitCode === 0 || result.stopped ? [] : [`the load command ${endingOf(result)}`]),
      ],
    }
  )
}

function interrupted(): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_STOPPED', 'the load was interrupted before anything was measured', {
    exitCode: exitCodes.interrupted,
  })
}

function unseen(text: string, result: CommandResult): WhetstoneError {
  const tool = readOutput(result.texts)?.tool
  const why = tool === undefined ? 'its output is not understood' : `${tool} writes down no single request`
  return new WhetstoneError(
    'WHET_LOAD_UNSEEN',
    `the load command ${endingOf(result)}: ${why}, and nothing was seen inside the service`,
    {
      exitCode: exitCodes.target,
      logTail: result.logTail,
      hint: [
        `try it by itself first: ${text}`,
        'let whetstone start the service, or send traces with --otlp,',
        'or take a tool that writes every request: k6 run --out json=$OUT …, jmeter -n -l $OUT …',
      ].join('\n'),
    },
  )
}

function endingOf({ exitCode, stopped, elapsedMs }: CommandResult): string {
  const how = stopped ? 'was stopped' : exitCode === undefined ? 'was ended by a signal' : `ended with code ${exitCode}`
  return `${how} after ${(elapsedMs / 1_000).toFixed(1)} s`
}
