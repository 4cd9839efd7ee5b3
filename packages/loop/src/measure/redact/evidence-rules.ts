/** The rules for every kind of evidence. */
import type {
  AnswersEvidence,
  ChangedRoute,
  CpuProfile,
  CpuProfileEvidence,
  CurvePoint,
  DurationMetric,
  EarlierCapacity,
  EarlierLoad,
  EarlierRun,
  EarlierStress,
  EarlierTrial,
  Interval,
  Trend,
  EvidenceByKind,
  HeapCollection,
  HeldConnections,
  HeapProcess,
  HeapProfileEvidence,
  HeapSite,
  HistoryEvidence,
  HostEvidence,
  HostSample,
  HttpAnswer,
  HttpProbe,
  HttpProbeEvidence,
  HttpProbeVariation,
  JsonShape,
  MeasuredCommit,
  LoadConditions,
  MeasuredLoad,
  MetricsPage,
  PoolState,
  ProfileNode,
  RouteAnswer,
  RunConditions,
  RuntimeEvidence,
  RuntimeProcess,
  RuntimeSample,
  SourceEvidence,
  SyncCall,
  TableAnswer,
  UslSummary,
} from '@whetstone/model'
import { counters, redis } from './cache-rules.ts'
import { drills } from './drill-rules.ts'
import { header, headers } from './header-rules.ts'
import { frame, loadCurve, site } from './load-rules.ts'
import { pg } from './pg-rules.ts'
import { statementId, statements, traces } from './trace-rules.ts'
import {
  alias,
  blank,
  dottedName,
  figure,
  file,
  functionName,
  gone,
  instant,
  instead,
  key,
  list,
  name,
  object,
  packageName,
  record,
  route,
  runId,
  schema,
  version,
  word,
} from './rules.ts'

const runtime = object<RuntimeEvidence>({
  schema,
  processes: list(
    object<RuntimeProcess>({
      pid: figure,
      node: version,
      samples: list(
        object<RuntimeSample>({
          atMs: figure,
          windowMs: figure,
          eventLoopDelayP50Ms: figure,
          eventLoopDelayP99Ms: figure,
          eventLoopDelayMaxMs: figure,
          eventLoopOwnDelayMaxMs: figure,
          eventLoopUtilisationFraction: figure,
          cpuUserMs: figure,
          cpuSystemMs: figure,
          cpuWaitMs: figure,
          gcPauseMs: figure,
          gcMaxPauseMs: figure,
          heapUsedBytes: figure,
          heapTotalBytes: figure,
          heapAfterCollectionBytes: figure,
          residentBytes: figure,
          requests: figure,
        }),
      ),
      pools: list(
        object<PoolState>({
          driver: word,
          madeBy: word,
          maxConnections: figure,
          idleTimeoutMs: figure,
          acquireTimeoutMs: figure,
          statementTimeoutMs: figure,
          maxLifetimeMs: figure,
          peakInUse: figure,
          peakWaiting: figure,
          acquisitions: figure,
          waits: figure,
          waitMs: figure,
          held: list(
            object<HeldConnections>({
              site,
              statementId,
              connections: figure,
              outlived: figure,
              longestMs: figure,
              unusedMs: figure,
            }),
          ),
          site,
        }),
      ),
    }),
  ),
  syncCalls: list(object<SyncCall>({ name: dottedName, route, site, calls: figure, totalMs: figure, maxMs: figure })),
})

export const cpuProfile = object<CpuProfileEvidence>({
  schema,
  profiles: list(
    object<CpuProfile>({
      pid: figure,
      durationMs: figure,
      samples: figure,
      busySamples: figure,
      requests: figure,
      nodes: list(
        object<ProfileNode>({
          id: figure,
          parentId: figure,
          function: functionName,
          file,
          line: figure,
          column: figure,
          owner: word,
          package: packageName,
          selfSamples: figure,
          lines: list(list(figure)),
          routes: list(route),
        }),
      ),
    }),
  ),
})

const heapProfile = object<HeapProfileEvidence>({
  schema,
  processes: list(
    object<HeapProcess>({
      pid: figure,
      heapLimitBytes: figure,
      collections: list(object<HeapCollection>({ atMs: figure, keptBytes: figure, pauseMs: figure, requests: figure })),
      sites: list(
        object<HeapSite>({
          frame,
          package: packageName,
          firstBytes: figure,
          lastBytes: figure,
        }),
      ),
    }),
  ),
})

export const host = object<HostEvidence>({
  schema,
  cores: figure,
  cpuModel: blank,
  memoryBytes: figure,
  memoryLimitBytes: figure,
  cpuLimitCores: figure,
  kernel: blank,
  samples: list(
    object<HostSample>({
      atMs: figure,
      cpuBusyFraction: figure,
      stealFraction: figure,
      ioWaitFraction: figure,
      loadAverage1: figure,
      memoryAvailableBytes: figure,
      cpuPressureFraction: figure,
      ioPressureFraction: figure,
      memoryPressureFraction: figure,
      runnable: figure,
      diskBusyFraction: figure,
      diskAwaitMs: figure,
      swapInBytesPerSecond: figure,
      retransmitFraction: figure,
      droppedPackets: figure,
      targetCpuCores: figure,
      databaseCpuCores: figure,
    }),
  ),
})

const httpProbe = object<HttpProbeEvidence>({
  schema,
  metrics: object<MetricsPage>({ durations: list(object<DurationMetric>({ name, shape: word })) }),
  probes: list(
    object<HttpProbe>({
      route,
      url: blank,
      variation: object<HttpProbeVariation>({
        kind: word,
        afterMs: figure,
        value: header('accept-encoding'),
        etag: blank,
        parameters: record(key(name), blank),
        bytes: figure,
      }),
      authorised: figure,
      answer: object<HttpAnswer>({
        statusCode: figure,
        headers,
        durationMs: figure,
        wireBytes: figure,
        bodyBytes: figure,
        bodyHash: alias('body'),
        gzipBytes: figure,
        // Keys of an object may be data: a map from names to people.
        json: object<JsonShape>({
          kind: word,
          items: figure,
          itemsKey: gone,
          objects: figure,
          keys: list(alias('key')),
        }),
        failed: instead('no complete answer'),
        // Error texts quote values, names of tables and people.
        message: gone,
      }),
    }),
  ),
})

const source = object<SourceEvidence>({
  schema,
  root: instead('.'),
  packageName: gone,
  dependencies: record(key(packageName), version),
  excerpts: record(gone, gone),
})

const interval = object<Interval>({ estimate: figure, low: figure, high: figure })

// A commit names a state of somebody's code; that two runs are of the same one is not needed elsewhere.
const measuredCommit = object<MeasuredCommit>({ commit: blank, dirty: figure })

const history = object<HistoryEvidence>({
  schema,
  conditions: object<RunConditions>({
    warmUpMs: figure,
    measuredMs: figure,
    requests: figure,
    generatorVerdict: word,
    stealFraction: figure,
    trialPairs: figure,
    guardSpreadFraction: figure,
  }),
  git: measuredCommit,
  earlier: list(
    object<EarlierRun>({ id: runId, startedAt: instant, p95Ms: figure, git: measuredCommit, findings: list(word) }),
  ),
  trials: list(
    object<EarlierTrial>({
      id: runId,
      startedAt: instant,
      verdict: word,
      pairs: figure,
      tooNoisy: figure,
      p95: interval,
      changed: list(object<ChangedRoute>({ route, beforeMs: figure, afterMs: figure })),
    }),
  ),
  loads: list(
    object<EarlierLoad>({
      id: runId,
      startedAt: instant,
      kind: word,
      verdict: word,
      durationMs: figure,
      processes: figure,
      cpuBusyFraction: figure,
      // That two tests are of the same kind is needed, not what they are called.
      conditions: object<LoadConditions>({
        scenario: alias('scenario'),
        routes: list(route),
        machine: alias('machine'),
      }),
      capacity: object<EarlierCapacity>({
        outcome: word,
        objective: list(alias('objective')),
        ratePerSecond: interval,
        usl: object<UslSummary>({
          singlePerSecond: interval,
          contention: interval,
          coherency: interval,
          errorFraction: figure,
          peak: object<NonNullable<UslSummary['peak']>>({
            concurrency: interval,
            ratePerSecond: figure,
            openAbove: figure,
          }),
        }),
      }),
      measured: object<MeasuredLoad>({
        arrivals: word,
        offeredPerSecond: figure,
        durationMs: figure,
        requests: figure,
        errors: figure,
        p95Ms: figure,
      }),
      stress: object<EarlierStress>({
        kneePerSecond: figure,
        endedBy: word,
        peakGoodputPerSecond: figure,
        goodputPastKneePerSecond: figure,
        collapsed: figure,
        recoveryMs: figure,
        watchedMs: figure,
        generator: word,
      }),
      curve: list(
        object<CurvePoint>({ concurrency: figure, ratePerSecond: figure, offeredPerSecond: figure, p99Ms: figure }),
      ),
      trends: list(
        object<Omit<Trend, 'points'>>({
          metric: word,
          unit: word,
          slopePerHour: interval,
          pValue: figure,
          verdict: word,
        }),
      ),
    }),
  ),
})

const answers = object<AnswersEvidence>({
  schema,
  routes: list(object<RouteAnswer>({ route, weight: figure })),
  // A figure of the business, not of the service.
  costOfASecond: gone,
  tables: list(object<TableAnswer>({ table: dottedName, productionRows: figure })),
})

export const evidence = object<EvidenceByKind>({
  'http-probe': httpProbe,
  'load-curve': loadCurve,
  traces,
  statements,
  pg,
  redis,
  runtime,
  counters,
  'cpu-profile': cpuProfile,
  'heap-profile': heapProfile,
  host,
  drills,
  source,
  history,
  answers,
})
