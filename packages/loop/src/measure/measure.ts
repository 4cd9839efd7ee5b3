/** One measured window: warm-up, load from its own process, every collector around it; evidence out. */
import type {
  CpuProfileEvidence,
  Evidence,
  LoadCurveEvidence,
  LoadStep,
  RunConditions,
  Statement,
  TracesEvidence,
  Workload,
} from '@whetstone/model'
import { startHostCollector } from './collect/host.ts'
import { probeRoutes } from './collect/http-probe.ts'
import { readMetricsPage } from './collect/metrics-page.ts'
import { collectSource } from './collect/source.ts'
import { type DriveOptions, type Driven, driveOf, type Judged } from './drive.ts'
import { startPgCollector } from './pg/collector.ts'
import { serverOf } from './pg/connect.ts'
import { Parts } from './parts.ts'
import { ofOneCaller } from './one-caller.ts'
import { cacheUrls } from './redis/addresses.ts'
import { startRedisCollector } from './redis/collector.ts'
import { relativePaths } from './relative-paths.ts'
import { processesListeningOn, processTree } from './process-tree.ts'
import { seenInside } from './seen-inside.ts'
import type { Stand } from './stand.ts'
import { statementAccess } from './statement-access.ts'
import { loadStatementParser, statementShape } from './statement-shape.ts'

export interface WindowOptions extends DriveOptions {
  readonly databaseUrl?: string
  readonly explainAnalyze?: boolean
  /** Redis or Memcached; without it those that the probe saw the service connect to, on this machine. */
  readonly redisUrl?: string
  /** Called with the load as soon as it is over: whatever fails later, that is not lost. */
  readonly keep?: (evidence: Evidence) => Promise<void>
}

export interface Window {
  readonly evidence: Evidence
  readonly conditions: RunConditions
  /** What was sent. */
  readonly workload: Workload
  readonly warnings: readonly string[]
}

/** Keeps what was measured when `signal` stops it early. A collector that fails becomes a warning, and its kind of evidence is missing; only the load itself may fail the window. */
export async function measureWindow(stand: Stand, options: WindowOptions): Promise<Window> {
  const parts = new Parts()
  const drive = driveOf(stand.baseUrl, options)
  const warmUp = await drive.warmUp()
  await parts.read('heap', undefined, async () => stand.probe?.collectHeap())
  await parts.read('traces', undefined, async () => stand.probe?.reset())
  stand.otlp?.reset()

  const { databaseUrl, explainAnalyze = false } = options
  const pids = await parts.read('processes', { service: [], database: [] }, () => livePids(stand, databaseUrl))
  const pg =
    databaseUrl === undefined
      ? undefined
      : await parts.read('pg', undefined, () => startPgCollector({ url: databaseUrl, explainAnalyze }))
  const redisUrls = cacheUrls(options.redisUrl, stand.probe?.cacheClients() ?? [])
  const redis =
    redisUrls.length === 0 ? undefined : await parts.read('redis', undefined, () => startRedisCollector(redisUrls))
  const host = startHostCollector({ pids: () => pids.service, databasePids: () => pids.database })
  options.onProgress({ kind: 'stage', stage: 'measuring', detail: drive.detail })
  stand.probe?.profile(drive.profileMs)
  const driven = await drive.run().catch(async (error: unknown) => {
    host.finish()
    await pg?.stop()
    redis?.stop()
    throw error
  })
  // Before anything else is asked: its counters belong to the load.
  const redisEvidence = redis && (await parts.read('redis', undefined, () => redis.finish()))
  const hostEvidence = host.finish()
  const curveOf = (step: LoadStep): LoadCurveEvidence => ({
    schema: 'load-curve@1',
    steps: [...(warmUp ? [warmUp] : []), step],
  })
  if (driven.step) await options.keep?.({ 'load-curve': curveOf(driven.step), host: hostEvidence })
  await parts.read('traces', undefined, async () => stand.probe?.flush())
  await parts.read('heap', undefined, async () => stand.probe?.collectHeap())
  // Exporters batch for up to five seconds.
  await stand.otlp?.quiet(5_500, 8_000, options.signal)

  options.onProgress({ kind: 'stage', stage: 'reading', detail: 'traces, plans, headers' })
  const seen = await parts.read<ReturnType<typeof seenInside>>('traces', {}, async () =>
    relativePaths(seenInside(stand.probe?.evidence(), stand.otlp?.evidence()), options.root),
  )
  const load = await judgedOrStopped(driven, seen.traces, pg)
  if (!driven.step) await options.keep?.({ 'load-curve': curveOf(load.step), host: hostEvidence })
  await parts.read('statement shapes', undefined, loadStatementParser)
  const statements = seen.statements && {
    ...seen.statements,
    statements: seen.statements.statements.map(withShape),
  }
  const pgEvidence =
    pg && (await parts.read('pg', undefined, () => pg.finish({ statements: statements?.statements ?? [] })))
  const httpProbe = options.signal.aborted
    ? undefined
    : await parts.read('http-probe', undefined, async () => {
        const metrics = await readMetricsPage(stand.baseUrl, options.signal)
        const probes = await probeRoutes(stand.baseUrl, firstRequests(load.workload), { signal: options.signal })
        return metrics ? { ...probes, metrics } : probes
      })
  const { runtime, counters, 'cpu-profile': cpuProfile, 'heap-profile': heapProfile } = seen
  const sites = [
    ...(statements?.uses ?? []).flatMap(use => (use.site ? [use.site] : [])),
    ...(seen.traces?.cache?.uses ?? []).flatMap(use => (use.site ? [use.site] : [])),
    ...profileSites(cpuProfile),
    ...(runtime?.syncCalls ?? []).flatMap(call => (call.site ? [call.site] : [])),
    ...(runtime?.processes ?? []).flatMap(({ pools }) => pools.flatMap(pool => (pool.site ? [pool.site] : []))),
  ]
  const source = stand.target
    ? await parts.read('source', undefined, () => collectSource({ root: options.root, sites }))
    : undefined
  const conditions: RunConditions = {
    warmUpMs: warmUp ? options.warmUpMs : 0,
    measuredMs: load.step.durationMs,
    requests: load.step.completed,
    generatorVerdict: load.step.generator.verdict,
    stealFraction: Math.max(0, ...hostEvidence.samples.map(sample => sample.stealFraction)),
  }
  const evidence: Evidence = {
    'load-curve': curveOf(load.step),
    host: hostEvidence,
    ...(httpProbe ? { 'http-probe': httpProbe } : {}),
    ...(seen.traces ? { traces: ofOneCaller(seen.traces, load.workload) } : {}),
    ...(statements ? { statements } : {}),
    ...(pgEvidence ? { pg: pgEvidence } : {}),
    ...(redisEvidence ? { redis: redisEvidence } : {}),
    ...(runtime ? { runtime } : {}),
    ...(counters ? { counters } : {}),
    ...(cpuProfile ? { 'cpu-profile': cpuProfile } : {}),
    ...(heapProfile ? { 'heap-profile': heapProfile } : {}),
    ...(source ? { source } : {}),
  }
  const warnings = [
    ...load.warnings,
    ...Object.entries(parts.unavailable).map(([part, why]) => `${part} could not be gathered: ${why}`),
    ...probeWarnings(stand, seen.traces?.dropped ?? 0),
  ]
  return { evidence, conditions, workload: load.workload, warnings }
}

/** The database's collector must not outlive a window that comes to nothing. */
async function judgedOrStopped(
  driven: Driven,
  traces: TracesEvidence | undefined,
  pg: { stop(): Promise<unknown> } | undefined,
): Promise<Judged> {
  try {
    return driven.judged(traces)
  } catch (error) {
    await pg?.stop()
    throw error
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
  const access = statementAccess(statement.rawText ?? statement.text, statement.text)
  return { ...statement, ...(shape ? { shape } : {}), ...(access ? { access } : {}) }
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
