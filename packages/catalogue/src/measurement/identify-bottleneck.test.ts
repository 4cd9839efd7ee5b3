import type { HostEvidence, HostSample } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { hostOf, query, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { repeated, secondsOf } from '../derive/testing/profile.ts'
import { identifyBottleneck } from './identify-bottleneck.ts'

const traces = tracesOf(times(10, trace('GET /orders', 40, [query('items', 1, 30)])))
const queueing = tracesOf(times(10, trace('GET /orders', 100, [query('items', 70, 30, { poolWaitMs: 65 })])))
const full = { eventLoopUtilisationFraction: 0.99, cpuUserMs: 940, cpuSystemMs: 40 }
const host = (sample: Partial<HostSample>): HostEvidence => ({
  ...hostOf(0),
  samples: repeated(5, { ...hostOf(0).samples[0]!, databaseCpuCores: 0, ...sample }),
})

describePractice(identifyBottleneck, {
  silent: {
    'nothing is full': {
      traces,
      runtime: secondsOf(repeated(10, {})),
      host: host({ cpuBusyFraction: 0.4, targetCpuCores: 0.4 }),
    },
    'only traces are known': { traces },
    'a burst of two seconds': { traces, runtime: secondsOf([full, full, ...repeated(8, {})]) },
    'a busy loop without requests': { traces, runtime: secondsOf(repeated(10, { ...full, requests: 0 })) },
    'a loop that looks active while the machine gives it no CPU': {
      traces,
      runtime: secondsOf(repeated(10, { ...full, cpuUserMs: 200, cpuSystemMs: 10 })),
    },
    'the machine is full of something else': { traces, host: host({ cpuBusyFraction: 0.99, targetCpuCores: 0.2 }) },
    'a short wait for a connection': {
      traces: tracesOf(times(10, trace('GET /orders', 40, [query('items', 11, 25, { poolWaitMs: 4 })]))),
    },
    'one request in twenty waited long': {
      traces: tracesOf(times(20, trace('GET /orders', 10, [query('items', 1, 1)])), {
        'GET /orders': { poolWaitMs: 400, requestsThatWaited: 1 },
      }),
    },
    'nothing was traced': { traces: tracesOf([]) },
  },
  reports: {
    'the one thread is full': {
      evidence: { traces, runtime: secondsOf(repeated(10, full)) },
      finds: [
        {
          fingerprint: 'identify-bottleneck|||event loop',
          practice: 'identify-bottleneck',
          title: 'the event loop is the bottleneck: event-loop utilisation, median 99 %',
          where: { resource: 'event loop' },
          facts: [
            stated('event-loop utilisation, median', 0.99, 'fraction', 'runtime'),
            stated('time in database', 0.75, 'fraction', 'traces'),
            stated('time in the service itself', 0.25, 'fraction', 'traces'),
          ],
          confidence: 'strong',
          remedy: {
            summary: 'Relieve the event loop first.',
            steps: [expect.stringContaining('CPU profile'), expect.any(String)],
          },
        },
      ],
    },
    'the database uses all cores': {
      evidence: { traces, host: host({ cpuBusyFraction: 0.99, databaseCpuCores: 1.9, targetCpuCores: 0.1 }) },
      finds: [expect.objectContaining({ where: { resource: 'CPU of the database' } })],
    },
    'service and database fill the machine': {
      evidence: { traces, host: host({ cpuBusyFraction: 0.98, databaseCpuCores: 0.9, targetCpuCores: 1 }) },
      finds: [expect.objectContaining({ where: { resource: 'CPU of the machine' } })],
    },
    'requests queue for a connection': {
      evidence: { traces: queueing },
      finds: [
        expect.objectContaining({ title: 'the connection pool is the bottleneck: time waiting for a connection 65 %' }),
      ],
    },
  },
})

describe('when nothing is full', () => {
  it('says where the time goes', () => {
    expect(outcomeOf(identifyBottleneck, { traces })).toMatchObject({
      kind: 'pass',
      note: 'database 75 %, the service itself 25 %',
    })
  })
})
