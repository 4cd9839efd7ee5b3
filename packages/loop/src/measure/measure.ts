/** One measured window: warm-up, load from its own process, every collector around it; evidence out. */
import type {
  CpuProfileEvidence,
  Evidence,
  LoadCurveEvidence,
  LoadStep,
  RunConditions,
  Statement,
  Workload,
} from '@whetstone/model'
import { loadTarget, type LoadPlan, run as runLoad } from '@whetstone/load'
import { startHostCollector } from './collect/host.ts'
import { probeRoutes } from './collect/http-probe.ts'
import { collectSource } from './collect/source.ts'
import { startPgCollector } from './pg/collector.ts'
import { serverOf } from './pg/connect.ts'
import { Parts } from './pg/parts.ts'
import type { OnProgress } from './progress.ts'
import { relativePaths } from './relative-paths.ts'
import { processesListeningOn, processTree } from './process-tree.ts'
import { seenInside } from './seen-inside.ts'
import type { Stand } from './stand.ts'
import { loadStatementParser, statementShape } from './statement-shape.ts'

export interface WindowOptions {
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly durationMs: number
  readonly warmUpMs: number
  readonly seed: number
  readonly databaseUrl?: string
  readonly explainAnalyze?: boolean
  /** Where the project's files are. */
  readonly root: string
  /** Called with the load as soon as it is over: whatever fails later, that is not lost. */
  readonly keep?: (evidence: Evidence) => Promise<void>
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

export interface Window {
  readonly evidence: Evidence
  readonly conditions: RunConditions
  readonly warnings: readonly string[]
}

/** Keeps what was measured when `signal` stops it early. A collector that fails becomes a warning, and its kind of evidence is missing; only the load itself may fail the window. */
export async function measureWindow(stand: Stand, options: WindowOptions): Promise<Window> {
  const parts = new Parts()
  const plan = planOf(stand.baseUrl, options)
  options.onProgress({ kind: 'stage', stage: 'warm-up', detail: `${options.warmUpMs / 1_000} s` })
  const warmUp =
    options.warmUpMs > 0
      ? await runLoad({ ...plan, durationMs: options.warmUpMs, seed: options.seed + 1 }, { signal: options.signal })
      : undefined
  await parts.read('heap', undefined, async () => stand.probe?.collectHeap())
  await parts.read('traces', undefined, async () => stand.probe?.reset())
  stand.otlp?.reset()

  const { databaseUrl, explainAnalyze = false } = options
  const pids = await parts.read('processes', { service: [], database: [] }, () => livePids(stand, databaseUrl))
  const pg =
    databaseUrl === undefined
      ? undefined
      : await parts.read('pg', undefined, () => startPgCollector({ url: databaseUrl, explainAnalyze }))
  const host = startHostCollector({ pids: () => pids.service, databasePids: () => pids.database })
  options.onProgress({
    kind: 'stage',
    stage: 'measuring',
    detail: `${options.ratePerSecond} req/s for ${options.durationMs / 1_000} s`,
  })
  stand.probe?.profile(Math.max(500, options.durationMs - profileMarginMs))
  const began = performance.now()
  const load = await runLoad(plan, {
    signal: options.signal,
    onInterval: live =>
      options.onProgress({
        kind: 'load',
        elapsedMs: live.atMs,
        totalMs: options.durationMs,
        ratePerSecond: live.completed / Math.max(0.001, (performance.now() - began) / 1_000),
        p50Ms: live.p50Ms,
        p95Ms: live.p95Ms,
        errors: live.errors,
      }),
  }).catch(async (error: unknown) => {
    host.finish()
    await pg?.stop()
    throw error
  })
  const hostEvidence = host.finish()
  const steps: LoadStep[] = [...(warmUp ? [{ ...warmUp.measure, purpose: 'warm-up' as const }] : []), load.measure]
  const loadCurve: LoadCurveEvidence = { schema: 'load-curve@1', steps }
  await options.keep?.({ 'load-curve': loadCurve, host: hostEvidence })
  await parts.read('traces', undefined, async () => stand.probe?.flush())
  await parts.read('heap', undefined, async () => stand.probe?.collectHeap())
  // Exporters batch for up to five seconds.
  await stand.otlp?.quiet(5_500, 8_000, options.signal)

  options.onProgress({ kind: 'stage', stage: 'reading', detail: 'traces, plans, headers' })
  const seen = await parts.read<ReturnType<typeof seenInside>>('traces', {}, async () =>
    relativePaths(seenInside(stand.probe?.evidence(), stand.otlp?.evidence()), options.root),
  )
  await parts.read('statement shapes', undefined, loadStatementParser)
  const statements = seen.statements && {
    ...seen.statements,
    statements: seen.statements.statements.map(withShape),
  }
  const pgEvidence =
    pg && (await parts.read('pg', undefined, () => pg.finish({ statements: statements?.statements ?? [] })))
  const httpProbe = options.signal.aborted
    ? undefined
    : await parts.read('http-probe', undefined, () =>
        probeRoutes(stand.baseUrl, firstRequests(options.workload), { signal: options.signal }),
      )
  const { runtime, 'cpu-profile': cpuProfile, 'heap-profile': heapProfile } = seen
  const sites = [
    ...(statements?.uses ?? []).flatMap(use => (use.site ? [use.site] : [])),
    ...profileSites(cpuProfile),
    ...(runtime?.syncCalls ?? []).flatMap(call => (call.site ? [call.site] : [])),
    ...(runtime?.processes ?? []).flatMap(({ pools }) => pools.flatMap(pool => (pool.site ? [pool.site] : []))),
  ]
  const source = stand.target
    ? await parts.read('source', undefined, () => collectSource({ root: options.root, sites }))
    : undefined
  const conditions: RunConditions = {
    warmUpMs: options.warmUpMs,
    measuredMs: load.measure.durationMs,
    requests: load.measure.completed,
    generatorVerdict: load.measure.generator.verdict,
    stealFraction: Math.max(0, ...hostEvidence.samples.map(sample => sample.stealFraction)),
  }
  const evidence: Evidence = {
    'load-curve': loadCurve,
    host: hostEvidence,
    ...(httpProbe ? { 'http-probe': httpProbe } : {}),
    ...(seen.traces ? { traces: seen.traces } : {}),
    ...(statements ? { statements } : {}),
    ...(pgEvidence ? { pg: pgEvidence } : {}),
    ...(runtime ? { runtime } : {}),
    ...(cpuProfile ? { 'cpu-profile': cpuProfile } : {}),
    ...(heapProfile ? { 'heap-profile': heapProfile } : {}),
    ...(source ? { source } : {}),
  }
  const warnings = [
    ...Object.entries(parts.unavailable).map(([part, why]) => `${part} could not be gathered: ${why}`),
    ...probeWarnings(stand, seen.traces?.dropped ?? 0),
  ]
  return { evidence, conditions, warnings }
}

/** The load of the measured window: every later look at the service under load sends the same. */
export function planOf(
  baseUrl: string,
  {
    workload,
    ratePerSecond,
    durationMs,
    seed,
  }: Pick<WindowOptions, 'workload' | 'ratePerSecond' | 'durationMs' | 'seed'>,
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
  }
}

/** A probe that gave up, or could not keep up, must not look like a service that does nothing. */
function probeWarnings({ probe }: Stand, dropped: number): string[] {
  const lost =
    dropped > 0 ? [`${dropped} records of requests were lost: counts of requests and statements are too low`] : []
  return [...new Set(probe?.warnings() ?? []), ...lost]
}

function withShape(statement: Statement): Statement {
  const shape = statementShape(statement.text)
  return shape ? { ...statement, shape } : statement
}

async function livePids(
  stand: Stand,
  databaseUrl: string | undefined,
): Promise<{ service: number[]; database: number[] }> {
  const server = databaseUrl === undefined ? undefined : serverOf(databaseUrl)
  return {
    service: stand.rootPid === undefined ? [] : processTree(stand.rootPid),
    // The first to listen is the postmaster; its backends are its children. Of a database elsewhere nothing is seen here, whatever uses the same port.
    database: server?.isLocal ? (await processesListeningOn(server.port)).slice(0, 1) : [],
  }
}

/** The profile ends before the load does, so that it has arrived when the probe is asked for what is left. */
const profileMarginMs = 700

const readOnly = new Set(['GET', 'HEAD'])

function firstRequests(workload: Workload) {
  return workload.routes.flatMap(route => {
    const request = route.requests[0]
    return request && readOnly.has(request.method) ? [{ route: route.route, ...request }] : []
  })
}

function profileSites(profile: CpuProfileEvidence | undefined) {
  const nodes = (profile?.profiles ?? []).flatMap(one =>
    one.nodes.filter(node => node.owner === 'application' && node.selfSamples > 0),
  )
  const hottest = nodes.toSorted((a, b) => b.selfSamples - a.selfSamples).slice(0, 20)
  return hottest.map(node => [{ file: node.file, line: node.line, column: node.column, function: node.function }])
}
