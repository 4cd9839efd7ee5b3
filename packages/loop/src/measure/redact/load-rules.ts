/** The rules for the load, and for what other evidence shares with it: histograms and places in the code. */
import type {
  CheckCount,
  Frame,
  GeneratorHealth,
  IntervalCell,
  LatencyRecord,
  LoadCurveEvidence,
  LoadInterval,
  LoadStep,
  LostShare,
  RouteLoad,
  SerializedHistogram,
  SlowSample,
  SteadyState,
} from '@whetstone/model'
import {
  figure,
  file,
  functionName,
  gone,
  instant,
  key,
  list,
  matching,
  object,
  record,
  route,
  type Rules,
  schema,
  word,
} from './rules.ts'

export const frame = object<Frame>({ file, line: figure, column: figure, function: functionName })
export const site = list(frame)

export const histogram = object<SerializedHistogram>({
  schema,
  digits: figure,
  count: figure,
  min: figure,
  max: figure,
  sum: figure,
  buckets: list(list(figure)),
})

const latency: Rules<LatencyRecord> = { requests: figure, errors: figure, response: histogram, service: histogram }
const statusClass = matching(/^(?:[1-5]xx|error)$/)
const errorsByKind = record(key(matching(/^[a-z]+(?:-[a-z]+)*(?:-[1-5]\d\d)?$/)), figure)

export const loadCurve = object<LoadCurveEvidence>({
  schema,
  steps: list(
    object<LoadStep>({
      purpose: word,
      startedAt: instant,
      offeredRatePerSecond: figure,
      achievedRatePerSecond: figure,
      durationMs: figure,
      arrivals: word,
      shape: word,
      users: figure,
      requestsPerUser: figure,
      sent: figure,
      completed: figure,
      errors: figure,
      errorsByKind,
      routes: list(
        object<RouteLoad>({
          ...latency,
          route,
          errorsByKind,
          responseByStatusClass: record(key(matching(/^[1-5]xx$/)), histogram),
          statusCounts: record(key(matching(/^[1-5]\d\d$/)), figure),
          meanBodyBytes: figure,
          maxBodyBytes: figure,
        }),
      ),
      overall: object<LatencyRecord>(latency),
      intervals: list(
        object<LoadInterval>({
          atMs: figure,
          durationMs: figure,
          requests: figure,
          errors: figure,
          response: histogram,
          lag: histogram,
          cells: list(object<IntervalCell>({ route, statusClass, requests: figure, response: histogram })),
        }),
      ),
      generator: object<GeneratorHealth>({
        verdict: word,
        reasons: list(gone),
        lagP50Ms: figure,
        lagP99Ms: figure,
        lagMaxMs: figure,
        cpuFraction: figure,
        connectionWaitP99Ms: figure,
        loopDelayP99Ms: figure,
      }),
      lag: histogram,
      connectionWait: histogram,
      // The name of a check is the user's own text.
      checks: list(object<CheckCount>({ name: gone, route, passes: figure, fails: figure })),
      slowest: list(object<SlowSample>({ traceId: gone, route, status: figure, atMs: figure, responseMs: figure })),
      steadyState: object<SteadyState>({ kind: word, excludedMs: figure, response: histogram }),
      lost: object<LostShare>({ workers: figure, ofWorkers: figure, fraction: figure }),
    }),
  ),
})
