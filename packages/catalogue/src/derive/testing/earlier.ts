/** Earlier load tests, trials and runs, written as short tables; this run begins on 2026-11-21. */
import type {
  ChangedRoute,
  EarlierLoad,
  EarlierRun,
  EarlierStress,
  EarlierTrial,
  HistoryEvidence,
  LoadCurveEvidence,
  MeasuredLoad,
} from '@whetstone/model'
import { historyOf, loadOf, routeLoad } from './load.ts'

export const thisRun: LoadCurveEvidence = loadOf([routeLoad('GET /orders', [20, 20, 30])], {
  startedAt: '2026-11-21T09:00:00.000Z',
})

export const history = (more: Partial<HistoryEvidence> = {}): { readonly history: HistoryEvidence } => ({
  history: { ...historyOf(), ...more },
})

export const after = (...loads: readonly EarlierLoad[]) => ({ ...history({ loads }), 'load-curve': thisRun })

/** Sixty seconds on the day before this run. */
export function loadTest(measured: Partial<MeasuredLoad> = {}, more: Partial<EarlierLoad> = {}): EarlierLoad {
  return {
    id: '2026-11-20-09-00-00-ab12',
    startedAt: '2026-11-20T09:00:00.000Z',
    kind: 'load',
    verdict: 'pass',
    durationMs: 60_000,
    measured: { arrivals: 'poisson', offeredPerSecond: 100, requests: 6_000, errors: 0, p95Ms: 41, ...measured },
    ...more,
  }
}

/** A knee at 340, and calm again after three seconds. */
export function stressTest(stress: Partial<EarlierStress> = {}, more: Partial<EarlierLoad> = {}): EarlierLoad {
  const { measured: _none, ...load } = loadTest()
  return {
    ...load,
    kind: 'stress',
    stress: {
      kneePerSecond: 340,
      peakGoodputPerSecond: 350,
      goodputPastKneePerSecond: 335,
      collapsed: false,
      recoveryMs: 3_000,
      watchedMs: 24_000,
      generator: 'healthy',
      ...stress,
    },
    ...more,
  }
}

export function trialOf(changed: readonly ChangedRoute[] = [], more: Partial<EarlierTrial> = {}): EarlierTrial {
  return {
    id: '2026-11-20-10-00-00-ab12',
    startedAt: '2026-11-20T10:00:00.000Z',
    verdict: 'better',
    pairs: 20,
    tooNoisy: false,
    p95: { estimate: 0.52, low: 0.48, high: 0.57 },
    changed,
    ...more,
  }
}

export const earlierRun = (p95Ms: number, more: Partial<EarlierRun> = {}): EarlierRun => ({
  id: '2026-11-20-08-00-00-ab12',
  startedAt: '2026-11-20T08:00:00.000Z',
  p95Ms,
  findings: [],
  ...more,
})
