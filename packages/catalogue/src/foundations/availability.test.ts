import type { DrillsEvidence, SourceEvidence, StopDrill } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { availability } from './availability.ts'

type Stopped = Omit<DrillsEvidence, 'drills'> & { readonly drills: readonly StopDrill[] }
const stopped = (more: Partial<StopDrill> = {}): Stopped => ({
  schema: 'drills@1',
  drills: [
    {
      kind: 'stop',
      signal: 'SIGTERM',
      underWay: 10,
      drained: 10,
      lost: 0,
      routes: [{ route: 'GET /orders', underWay: 10, lost: 0 }],
      later: { answered: 0, refused: 8, cut: 0 },
      endedAfterMs: 160,
      graceMs: 4_000,
      ...more,
    },
  ],
})
const source: SourceEvidence = {
  schema: 'source@1',
  root: '/app',
  dependencies: { fastify: '5.0.0' },
  excerpts: {},
}
const cut = { drained: 0, lost: 10, endedAfterMs: 9, routes: [{ route: 'GET /orders', underWay: 10, lost: 10 }] }

describePractice(availability, {
  silent: {
    'it was not stopped': { drills: { schema: 'drills@1', drills: [] } },
    'all that was under way was answered': { drills: stopped() },
    'nothing was under way': { drills: stopped({ underWay: 0, drained: 0, routes: [] }) },
    'one was under way, and lost': { drills: stopped({ underWay: 1, drained: 0, lost: 1 }) },
    'one of ten met the moment of the stop': { drills: stopped({ drained: 9, lost: 1 }) },
    'later ones are refused and cut, which a balancer takes care of': {
      drills: stopped({ later: { answered: 0, refused: 2, cut: 8 } }),
    },
    'it does not end by itself, but answers': {
      drills: { ...stopped(), drills: stopped().drills.map(({ endedAfterMs: _never, ...drill }) => drill) },
    },
  },
  reports: {
    'all ten at once': {
      evidence: { drills: stopped(cut), source },
      finds: [
        {
          fingerprint: 'availability|||SIGTERM',
          practice: 'availability',
          title: '10 of 10 requests under way were cut off when it was stopped',
          where: { resource: 'SIGTERM' },
          facts: [
            stated('requests under way at SIGTERM', 10, 'count', 'drills'),
            stated('cut off', 10, 'count', 'drills'),
            stated('ended after', 9, 'ms', 'drills'),
          ],
          confidence: 'measured',
          risk: 'loss',
          remedy: {
            summary: 'Finish what is under way before the process ends.',
            steps: expect.arrayContaining([
              'It was gone 9.0 ms after the signal: nothing in it waits.',
              'GET /orders: 10 of 10, 100 %.',
            ]),
            code: { language: 'ts', after: expect.stringContaining('app.close()') },
          },
        },
      ],
    },
    'those of one slow route, when it is killed': {
      evidence: {
        drills: {
          schema: 'drills@1',
          drills: stopped({
            drained: 6,
            lost: 4,
            routes: [
              { route: 'GET /orders', underWay: 6, lost: 0 },
              { route: 'GET /report', underWay: 4, lost: 4 },
            ],
          }).drills.map(({ endedAfterMs: _never, ...drill }) => drill),
        },
      },
      finds: [
        expect.objectContaining({
          title: '4 of 10 requests under way were cut off when it was stopped',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([
              'It was killed 4.00 s after the signal: what it waits for has to end before that.',
              'GET /report: 4 of 4, 100 %.',
            ]),
          }),
        }),
      ],
    },
  },
})
