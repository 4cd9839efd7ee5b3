/** The rules for what a service did when something was broken on purpose. */
import type {
  CacheFailureDrill,
  CacheStampedeRound,
  Drill,
  DrillPhase,
  DrillsEvidence,
  StopDrill,
  StoppedRoute,
} from '@whetstone/model'
import { figure, list, matching, object, route, schema, word } from './rules.ts'
import { keyTemplate } from './trace-rules.ts'

const drillPhase = object<DrillPhase>({ requests: figure, errors: figure, p50Ms: figure, p99Ms: figure, maxMs: figure })

export const drills = object<DrillsEvidence>({
  schema,
  drills: list(
    object<Drill>({
      kind: word,
      signal: matching(/^SIG[A-Z]{3,6}$/),
      underWay: figure,
      drained: figure,
      lost: figure,
      routes: list(
        object<StoppedRoute | CacheFailureDrill['routes'][number]>({
          route,
          underWay: figure,
          lost: figure,
          before: drillPhase,
          during: drillPhase,
          after: drillPhase,
        }),
      ),
      later: object<StopDrill['later']>({ answered: figure, refused: figure, cut: figure }),
      endedAfterMs: figure,
      graceMs: figure,
      by: word,
      pausedMs: figure,
      ratePerSecond: figure,
      before: drillPhase,
      during: drillPhase,
      after: drillPhase,
      recoveredAfterMs: figure,
      keyTemplate,
      rounds: list(
        object<CacheStampedeRound>({ misses: figure, loads: figure, maxConcurrent: figure, refilledAfterMs: figure }),
      ),
      usual: drillPhase,
      afterwards: drillPhase,
    }),
  ),
})
