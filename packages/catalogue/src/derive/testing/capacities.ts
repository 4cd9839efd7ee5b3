/** Earlier capacity tests, written as short tables. */
import type { EarlierLoad, HistoryEvidence } from '@whetstone/model'
import { throughputOf } from '@whetstone/stats'
import { historyOf } from './load.ts'

/** A test that found this many requests a second, give or take two in a hundred. */
export function capacityOf(ratePerSecond: number, more: Partial<EarlierLoad> = {}): EarlierLoad {
  return {
    id: '2026-11-20-09-00-00-ab12',
    startedAt: '2026-11-20T09:00:00.000Z',
    kind: 'capacity',
    verdict: 'pass',
    durationMs: 120_000,
    capacity: {
      outcome: 'found',
      ratePerSecond: { estimate: ratePerSecond, low: ratePerSecond * 0.98, high: ratePerSecond * 1.02 },
      usl: {
        singlePerSecond: { estimate: ratePerSecond / 8, low: ratePerSecond / 9, high: ratePerSecond / 7 },
        contention: { estimate: 0.06, low: 0.055, high: 0.065 },
        coherency: { estimate: 0, low: 0, high: 0 },
        errorFraction: 0.01,
      },
    },
    curve: [1, 2, 4, 8, 12, 16].map(concurrency => ({
      concurrency,
      ratePerSecond: throughputOf({ single: ratePerSecond / 8, contention: 0.06, coherency: 0 }, concurrency),
    })),
    ...more,
  }
}

export const afterTests = (...loads: readonly EarlierLoad[]): { readonly history: HistoryEvidence } => ({
  history: { ...historyOf(), loads },
})
