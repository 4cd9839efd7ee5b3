/** One measured window: warm-up, load from its own process, every collector around it; evidence out. */
import type {
  Evidence,
  EvidenceByKind,
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
import type { OnProgress } from './progress.ts'
import { relativePaths } from './relative-paths.ts'
import { processesListeningOn, processTree } from './process-tree.ts'
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
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

export interface Window {
  readonly evidence: Evidence
  readonly conditions: RunConditions
  readonly warnings: readonly string[]
}

/** Keeps what was measured when `signal` stops it early. */
export async function measureWindow(stand: Stand, options: WindowOptions): Promise<Window> {
  const warnings: string[] = []
  const plan: LoadPlan = {
    target: loadTarget(new URL(stand.baseUrl)),
    routes: options.workload.routes,
    ratePerSecond: options.ratePerSecond,
    durationMs: options.durationMs,
    warmUpMs: 0,
    arrivals: 'poisson',
    seed: options.seed,
    maxConnections: 64,
    timeoutMs: 10_000,
  }
  options.onProgress({ kind: 'stage', stage: 'warm-up', detail: `${options.warmUpMs / 1_000} s` })
  const warmUp =
    options.warmUpMs > 0
      ? await runLoad({ ...plan, durationMs: options.warmUpMs, seed: options.seed + 1 }, { signal: options.signal })
      : undefined
  await stand.probe?.reset()
  stand.otlp?.reset()

  const pids = await livePids(stand, options.databaseUrl)
  const pg =
    options.databaseUrl === undefined
      ? undefined
      : await startPgCollector({ url: options.databaseUrl, explainAnalyze: options.explainAnalyze ?? false })
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
  })
  const hostEvidence = host.finish()
  await stand.probe?.flush()
  // Exporters batch for up to five seconds.
  await stand.otlp?.quiet(5_500, 8_000, options.signal)

  options.onProgress({ kind: 'stage', stage: 'reading', detail: 'traces, plans, headers' })
  const seen = relativePaths(stand.probe ? stand.probe.evidence() : stand.otlp?.evidence(), options.root)
  await loadStatementParser()
  const statements = seen?.statements && {
    ...seen.statements,
    statements: seen.statements.statements.map(withShape),
  }
  const aborted = options.signal.aborted
  const pgEvidence = await pg?.finish({ statements: statements?.statements ?? [] }).catch(error => {
    warnings.push(`the database could not be read to the end: ${(error as Error).message}`)
    return undefined
  })
  const httpProbe = aborted
    ? undefined
    : await probeRoutes(stand.baseUrl, firstRequests(options.workload), { signal: options.signal })
  const steps: LoadStep[] = [...(warmUp ? [{ ...warmUp.measure, purpose: 'warm-up' as const }] : []), load.measure]
  const loadCurve: LoadCurveEvidence = { schema: 'load-curve@1', steps }
  const sites = (statements?.uses ?? []).flatMap(use => (use.site ? [use.site] : []))
  const runtime = seen && 'runtime' in seen ? (seen.runtime as EvidenceByKind['runtime']) : undefined
  const cpuProfile = seen && 'cpu-profile' in seen ? (seen['cpu-profile'] as EvidenceByKind['cpu-profile']) : undefined
  const source = stand.target
    ? await collectSource({
        root: options.root,
        sites: [
          ...sites,
          ...profileSites(cpuProfile),
          ...(runtime?.syncCalls ?? []).flatMap(call => (call.site ? [call.site] : [])),
          ...(runtime?.processes ?? []).flatMap(process =>
            process.pools.flatMap(pool => (pool.site ? [pool.site] : [])),
          ),
        ],
      })
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
    ...(seen ? { traces: seen.traces } : {}),
    ...(statements ? { statements } : {}),
    ...(pgEvidence ? { pg: pgEvidence } : {}),
    ...(runtime ? { runtime } : {}),
    ...(cpuProfile && cpuProfile.profiles.length > 0 ? { 'cpu-profile': cpuProfile } : {}),
    ...(source ? { source } : {}),
  }
  return { evidence, conditions, warnings }
}

function withShape(statement: Statement): Statement {
  const shape = statementShape(statement.text)
  return shape ? { ...statement, shape } : statement
}

async function livePids(
  stand: Stand,
  databaseUrl: string | undefined,
): Promise<{ service: number[]; database: number[] }> {
  const port = databaseUrl && URL.canParse(databaseUrl) ? Number(new URL(databaseUrl).port || 5_432) : undefined
  return {
    service: stand.rootPid === undefined ? [] : await processTree(stand.rootPid),
    // The first to listen is the postmaster; its backends are its children.
    database: port === undefined ? [] : (await processesListeningOn(port)).slice(0, 1),
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

function profileSites(profile: EvidenceByKind['cpu-profile'] | undefined) {
  const nodes = (profile?.profiles ?? []).flatMap(one =>
    one.nodes.filter(node => node.owner === 'application' && node.selfSamples > 0),
  )
  const hottest = nodes.toSorted((a, b) => b.selfSamples - a.selfSamples).slice(0, 20)
  return hottest.map(node => [{ file: node.file, line: node.line, column: node.column, function: node.function }])
}
