/** The rules for the load, and for what other evidence shares with it: histograms and places in the code. */
import type {
  Frame,
  GeneratorHealth,
  LatencyRecord,
  LoadCurveEvidence,
  LoadInterval,
  LoadStep,
  RouteLoad,
  SerializedHistogram,
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

const frame = object<Frame>({ file, line: figure, column: figure, function: functionName })
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
      intervals: list(object<LoadInterval>({ atMs: figure, requests: figure, errors: figure, response: histogram })),
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
    }),
  ),
})
