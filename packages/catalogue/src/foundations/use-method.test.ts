import type { HostEvidence, HostSample } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { hostOf, pgOf, pool, runtimeOf } from '../derive/testing/evidence.ts'
import { loadOf } from '../derive/testing/load.ts'
import { repeated, secondsOf } from '../derive/testing/profile.ts'
import { useMethod } from './use-method.ts'

const host = (more: Partial<HostSample> = {}, seconds = 10): HostEvidence => {
  const one = hostOf(0.2)
  return {
    ...one,
    samples: repeated(seconds, {
      ...one.samples[0]!,
      cpuBusyFraction: 0.4,
      targetCpuCores: 0.4,
      runnable: 2,
      diskBusyFraction: 0.05,
      diskAwaitMs: 1,
      retransmitFraction: 0,
      ...more,
    }),
  }
}
const full = { cpuBusyFraction: 0.97, runnable: 6 }
/** A generator on the same machine that takes so much of one core. */
const generatorTakes = (cpuFraction: number) =>
  loadOf([], {
    generator: { verdict: 'healthy', reasons: [], lagP50Ms: 0.1, lagP99Ms: 0.5, lagMaxMs: 2, cpuFraction },
  })

describePractice(useMethod, {
  silent: {
    'nothing is full': { host: host(), runtime: secondsOf(repeated(10, {})), pg: pgOf() },
    'watched for a moment': { host: host(full, 2) },
    'full of the work of others': { host: host({ ...full, targetCpuCores: 0.2, databaseCpuCores: 0.1 }) },
    'full, and nobody knows by whom': {
      host: {
        ...host(full),
        samples: host(full).samples.map(({ targetCpuCores: _t, databaseCpuCores: _d, ...sample }) => sample),
      },
    },
    'full with our own load on it, which is a question': {
      host: host({ ...full, targetCpuCores: 1.2 }),
      'load-curve': generatorTakes(0.6),
    },
    'well used, and nobody waits': { host: host({ cpuBusyFraction: 0.97, runnable: 3, targetCpuCores: 1.8 }) },
    'one bad second of ten': {
      host: { ...host(), samples: [...host().samples, ...host({ ...full, targetCpuCores: 1.8 }, 1).samples] },
    },
    'a busy disk that answers at once': { host: host({ diskBusyFraction: 0.95, diskAwaitMs: 0.8 }) },
    'a busy disk that lets wait, which is a question': { host: host({ diskBusyFraction: 0.95, diskAwaitMs: 45 }) },
    'a full pool, which has a practice of its own': {
      host: host(),
      runtime: runtimeOf([pool({ peakInUse: 10, peakWaiting: 5 })]),
    },
  },
  reports: {
    'full of its own work': {
      evidence: { host: host({ ...full, targetCpuCores: 1.6, databaseCpuCores: 0.2, cpuPressureFraction: 0.4 }) },
      finds: [
        {
          fingerprint: 'use-method|||CPU of the machine',
          practice: 'use-method',
          title: 'all 2 cores are full: 97 % busy, 93 % of it by the service and its database',
          where: { resource: 'CPU of the machine' },
          facts: [
            stated('CPU busy, median', 0.97, 'fraction', 'host'),
            stated('of it the service and its database', 0.9278, 'fraction', 'host'),
            stated('time in which tasks waited for a core', 0.4, 'fraction', 'host'),
            stated('tasks that ran or waited, median', 6, 'count', 'host'),
          ],
          confidence: 'measured',
          remedy: expect.objectContaining({ summary: 'Ask less of the CPU, or give it more cores.' }),
        },
      ],
    },
    'full of its own work, beside what our load takes': {
      evidence: { host: host({ ...full, targetCpuCores: 1.5 }), 'load-curve': generatorTakes(0.2) },
      finds: [
        expect.objectContaining({
          title: 'all 2 cores are full: 87 % busy, 98 % of it by the service and its database',
          facts: expect.arrayContaining([stated('a core taken by our own load', 0.2, 'fraction', 'load-curve')]),
        }),
      ],
    },
  },
})

describe('its row of the coverage', () => {
  it('has a word for every resource, and says what was not seen', () => {
    const runtime = { ...secondsOf(repeated(10, {})) }
    expect(outcomeOf(useMethod, { host: host(), runtime })).toMatchObject({
      kind: 'pass',
      note: 'CPU 40 % busy, memory 50 % used, disk 5 % busy, 1.0 ms each, network 0 % sent again, event loop 20 % busy; not seen: pools, connections',
    })
    const elsewhere = { ...host(), samples: repeated(5, hostOf(0).samples[0]!) }
    expect(outcomeOf(useMethod, { host: elsewhere, pg: pgOf(), runtime: runtimeOf([pool()]) })).toMatchObject({
      note: 'CPU 0 % busy, memory 50 % used, pools 4 of 10 at the peak, connections 10 of 100; not seen: disk, network, event loop',
    })
  })

  it('asks whose doing it is where only the machine is known to be full', () => {
    expect(outcomeOf(useMethod, { host: host({ diskBusyFraction: 0.95, diskAwaitMs: 45 }) })).toMatchObject({
      kind: 'ask',
      question: 'Full on this machine: disk (95 % busy, 45 ms each). Is that the doing of this service?',
    })
    expect(outcomeOf(useMethod, { host: host({ ...full, targetCpuCores: 0.2 }) }).kind).toBe('ask')
  })
})
