/** Runs a plan in this process: what the load process does, and what tests call to see inside. */
import { performance } from 'node:perf_hooks'
import type { LoadInterval, LoadStep } from '@whetstone/model'
import { compileRoutes } from './engine/compile-routes.ts'
import { hostReadings } from './engine/host-readings.ts'
import type { LiveInterval, LoadResult } from './engine/live.ts'
import { driveLoad } from './engine/load-run.ts'
import type { Pacer } from './pacer/pacer.ts'
import { precisePacer } from './pacer/precise-pacer.ts'
import { spinPacer } from './pacer/spin-pacer.ts'
import { timerPacer } from './pacer/timer-pacer.ts'
import type { LoadPlan } from './plan.ts'
import { checkPlan, hostHeader } from './plan.ts'
import type { CompiledScenario } from './scenario/compiled.ts'
import { watchLimits } from './thresholds/watch.ts'
import { handshakeWarnings } from './wire/dial.ts'

export interface RunOptions {
  /** Stops early; the result then holds what was measured so far and says `aborted`. */
  readonly signal?: AbortSignal
  /** Called four times a second with the figures so far. */
  readonly onInterval?: (interval: LiveInterval) => void
  /** Each second of the measured part, complete, as soon as it has passed; `stop` ends the run for a broken limit. */
  readonly onSecond?: (second: LoadInterval, stop: () => void) => void
}

/** What only a caller in the same process can give. */
export interface InProcessOptions extends RunOptions {
  /** Instead of the plan's routes or its scenario file. */
  readonly scenario?: CompiledScenario
  /** What `setup` of the scenario returned, where somebody else called it: then neither setup nor teardown is called here. */
  readonly shared?: { readonly value: unknown }
  /** The result, before the teardown of the scenario, which may take its time. */
  readonly onMeasured?: (result: LoadResult) => void
  /** After each second of the measured part: that step so far, without its intervals. */
  readonly onSoFar?: (step: LoadStep) => void
  /** On `performance.now` of this thread; default: at once. */
  readonly startAtMs?: number
  /** Called when everything is ready and the first request could leave; the run begins when it resolves, with the start it gives. */
  readonly ready?: () => Promise<number | undefined>
}

/** Resolves with the result; rejects with `WHET_LOAD_PLAN` when the plan cannot be carried out. */
export async function runInProcess(plan: LoadPlan, options: InProcessOptions = {}): Promise<LoadResult> {
  checkPlan(plan)
  const scenario = options.scenario ?? (await scenarioOf(plan))
  const isOurs = options.shared === undefined
  const shared = isOurs ? await scenario.setup?.() : options.shared.value
  let result: LoadResult
  try {
    result = await measured(plan, scenario, shared, options)
  } catch (error) {
    // What failed first is what the caller must hear.
    if (isOurs) await tornDown(scenario, shared)
    throw error
  }
  if (!isOurs || scenario.teardown === undefined) return result
  options.onMeasured?.(result)
  return withWarnings(result, await tornDown(scenario, shared))
}

async function measured(
  plan: LoadPlan,
  scenario: CompiledScenario,
  shared: unknown,
  options: InProcessOptions,
): Promise<LoadResult> {
  await scenario.prepare?.(shared)
  const now = () => performance.now()
  const pacer = await pacerOf(plan, now)
  const host = hostReadings(now)
  try {
    const startAtMs = (await options.ready?.()) ?? options.startAtMs
    const result = await driveLoad(plan, scenario, shared, {
      ...watchLimits(plan.thresholds, options),
      now,
      date: () => new Date(),
      pacer,
      host,
      ...(startAtMs === undefined ? {} : { startAtMs }),
    })
    return withWarnings(result, handshakeWarnings(plan.target))
  } finally {
    pacer.close()
    host.close()
  }
}

/** A failed teardown loses nothing that was measured: it is said, not thrown. */
async function tornDown({ teardown }: CompiledScenario, shared: unknown): Promise<readonly string[]> {
  try {
    await teardown?.(shared)
    return []
  } catch (error) {
    return [`the teardown failed: ${error instanceof Error ? error.message : String(error)}`]
  }
}

function withWarnings(result: LoadResult, more: readonly string[]): LoadResult {
  return more.length === 0 ? result : { ...result, warnings: [...(result.warnings ?? []), ...more] }
}

/** The scenario of a file, or one made of the routes. */
export async function scenarioOf(plan: LoadPlan): Promise<CompiledScenario> {
  if (plan.scenario === undefined) return compileRoutes(plan.routes, hostHeader(plan.target))
  const { loadScenario } = await import('./scenario/load-scenario.ts')
  return await loadScenario(plan.scenario, { target: plan.target, seed: plan.seed })
}

async function pacerOf({ pacing }: LoadPlan, now: () => number): Promise<Pacer> {
  if (pacing === 'timer') return timerPacer(now)
  return pacing === 'spin' ? spinPacer(now) : await precisePacer(now)
}
