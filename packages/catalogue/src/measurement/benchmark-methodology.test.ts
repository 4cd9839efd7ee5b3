import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { hostOf } from '../derive/testing/evidence.ts'
import { historyOf } from '../derive/testing/load.ts'
import { benchmarkMethodology } from './benchmark-methodology.ts'

describePractice(benchmarkMethodology, {
  silent: {
    'warm, long enough, quiet': { history: historyOf() },
    'with a trial of fourteen pairs': { history: historyOf({ trialPairs: 14, guardSpreadFraction: 0.03 }) },
    'a generator that was late at times': { history: historyOf({ generatorVerdict: 'degraded' }) },
    'a hundredth of steal': { history: historyOf({ stealFraction: 0.01 }) },
    'a short warm-up of a second': { history: historyOf({ warmUpMs: 1_000 }) },
    'stopped before the first request': { history: historyOf({ requests: 0 }) },
    'one second of steal in many': { history: historyOf({ stealFraction: 0.3 }), host: hostOf(1) },
    'a busy host with a healthy generator': { history: historyOf(), host: hostOf(2) },
  },
  reports: {
    'no warm-up, a short run and a shared machine': {
      evidence: { history: historyOf({ warmUpMs: 0, requests: 120, stealFraction: 0.08 }) },
      finds: [
        {
          fingerprint: 'benchmark-methodology|||this measurement',
          practice: 'benchmark-methodology',
          title:
            'this measurement is weak: 8 % of the CPU was taken by other machines; a warm-up of 0 ms; 120 answers in all',
          where: { resource: 'this measurement' },
          facts: [
            stated('warm-up', 0, 'ms', 'history'),
            stated('answers measured', 120, 'count', 'history'),
            stated('CPU taken by the hypervisor', 0.08, 'fraction', 'history'),
          ],
          confidence: 'measured',
          remedy: {
            summary: 'Measure again before anything is decided on these figures.',
            steps: [expect.any(String), expect.any(String), expect.any(String)],
          },
        },
      ],
    },
    'the generator could not keep up': {
      evidence: { history: historyOf({ generatorVerdict: 'invalid' }) },
      finds: [expect.objectContaining({ title: 'this measurement is weak: the load generator could not keep up' })],
    },
    'the same code differs from itself': {
      evidence: { history: historyOf({ trialPairs: 14, guardSpreadFraction: 0.2 }) },
      finds: [expect.objectContaining({ title: expect.stringContaining('differed by 20 %') })],
    },
  },
})
