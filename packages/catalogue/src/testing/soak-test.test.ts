import type { EarlierLoad, HistoryEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { historyOf } from '../derive/testing/load.ts'
import { soakTest } from './soak-test.ts'

const soak: EarlierLoad = {
  id: '2026-11-20-09-00-00-ab12',
  startedAt: '2026-11-20T09:00:00.000Z',
  kind: 'soak',
  verdict: 'pass',
  durationMs: 2_400_000,
}
const grew = {
  metric: 'resident-memory',
  unit: 'bytes',
  slopePerHour: { estimate: 120e6, low: 100e6, high: 140e6 },
  pValue: 1e-6,
  verdict: 'grows',
} as const
const measured = { arrivals: 'poisson', offeredPerSecond: 20, requests: 36_000, errors: 0 } as const
const steady = { ...grew, verdict: 'steady' } as const
const after = (...loads: readonly EarlierLoad[]): { history: HistoryEvidence } => ({
  history: { ...historyOf(), loads },
})

describePractice(soakTest, {
  silent: {
    'no load test was ever kept': { history: historyOf() },
    'a long one in which nothing grew': after({ ...soak, trends: [steady] }),
    'a long one that says nothing of growth': after(soak),
    'a long one in which memory grew, which is a question': after({ ...soak, trends: [grew] }),
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each([
    ['no test at all', after()],
    ['only a short one', after({ ...soak, durationMs: 60_000 })],
    [
      'half an hour of which the start was a part',
      after({ ...soak, durationMs: 1_830_000, measured: { ...measured, durationMs: 1_500_000 } }),
    ],
    ['only one that was stopped', after({ ...soak, verdict: 'aborted' })],
    ['only a load of another kind', after({ ...soak, kind: 'load' })],
  ])('says what to type after %s', (_, evidence) => {
    expect(outcomeOf(soakTest, evidence)).toMatchObject({
      kind: 'unknown',
      give: 'whetstone load soak --duration 30m -- <command>',
    })
  })

  it('names what grew in the last one, and asks', () => {
    expect(outcomeOf(soakTest, after(soak, { ...soak, trends: [grew] }))).toMatchObject({
      kind: 'ask',
      question: 'In the soak of 2026-11-20 grew: resident memory (120 MB an hour). Has that been mended since?',
    })
  })

  it('passes on a long one in which nothing grew', () => {
    expect(outcomeOf(soakTest, after({ ...soak, trends: [steady] }))).toMatchObject({
      kind: 'pass',
      note: '40 min under load on 2026-11-20, and nothing was seen to grow: resident memory steady',
    })
  })

  it('passes on one that lasted what it was asked to, to a second', () => {
    const whole = { ...soak, trends: [steady], measured: { ...measured, durationMs: 1_799_400 } }
    expect(outcomeOf(soakTest, after(whole)).kind).toBe('pass')
  })

  it('names what was not clear, and does not pass where nothing was', () => {
    const unclear = { ...grew, metric: 'p95', unit: 'ms', verdict: 'unclear' } as const
    expect(outcomeOf(soakTest, after({ ...soak, trends: [unclear, steady] }))).toMatchObject({
      kind: 'pass',
      note: expect.stringMatching(/resident memory steady; not clear of p95$/),
    })
    expect(outcomeOf(soakTest, after({ ...soak, trends: [unclear] }))).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/whether it grows is not clear of p95$/),
    })
  })
})
