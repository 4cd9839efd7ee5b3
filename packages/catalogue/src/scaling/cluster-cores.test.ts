import { expect } from 'vitest'
import type { HostEvidence, RuntimeEvidence, RuntimeSample } from '@whetstone/model'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { hostOf } from '../derive/testing/evidence.ts'
import { repeated, secondsOf } from '../derive/testing/profile.ts'
import { clusterCores } from './cluster-cores.ts'

const full: Partial<RuntimeSample> = { eventLoopUtilisationFraction: 0.95, cpuUserMs: 880, cpuSystemMs: 40 }
const second = (more: Partial<RuntimeSample> = {}) => secondsOf(repeated(10, { ...full, ...more }))
const twice = (one: RuntimeEvidence): RuntimeEvidence => ({
  ...one,
  processes: [...one.processes, ...one.processes.map(process => ({ ...process, pid: 101 }))],
})
/** The service's core and so much of all others together. */
const host = (cores: number, otherCores: number, more: Partial<HostEvidence> = {}): HostEvidence => {
  const one = hostOf(0, cores)
  const cpuBusyFraction = (0.92 + otherCores) / cores
  return { ...one, samples: repeated(10, { ...one.samples[0]!, cpuBusyFraction, targetCpuCores: 0.92 }), ...more }
}

describePractice(clusterCores, {
  silent: {
    'half a core of work': {
      host: host(4, 0.1),
      runtime: second({ eventLoopUtilisationFraction: 0.5, cpuUserMs: 460 }),
    },
    'a loop that was busy because the machine let it wait': { host: host(4, 0.1), runtime: second({ cpuUserMs: 300 }) },
    'two processes': { host: host(4, 0.1), runtime: twice(second()) },
    'a machine with one core': { host: host(1, 0), runtime: second() },
    'a container that may use one core of eight': { host: host(8, 0.1, { cpuLimitCores: 1 }), runtime: second() },
    'the database needs the other core': { host: host(2, 0.6), runtime: second() },
    'the load itself needs a third of the other core': { host: host(2, 0.35), runtime: second() },
    'nothing was asked': { host: host(4, 0.1), runtime: second({ requests: 0 }) },
    'the machine was not watched': { host: { ...host(4, 0.1), samples: [] }, runtime: second() },
  },
  reports: {
    'four cores, one of them full': {
      evidence: { host: host(4, 0.3), runtime: second() },
      finds: [
        {
          fingerprint: 'cluster-cores|||cores',
          practice: 'cluster-cores',
          title: 'one process fills its core, and 3 other cores are 10 % busy',
          where: { resource: 'cores' },
          facts: [
            stated('event-loop utilisation, median', 0.95, 'fraction', 'runtime'),
            stated('CPU of the process, in cores', 0.92, 'count', 'runtime'),
            stated('other cores busy, median', 0.1, 'fraction', 'host'),
          ],
          confidence: 'strong',
          edit: { kind: 'instances', from: 1, to: 4 },
          remedy: expect.objectContaining({ summary: 'Let several processes share the work.' }),
        },
      ],
    },
    'a container with two of eight cores': {
      evidence: { host: host(8, 0.5, { cpuLimitCores: 2 }), runtime: second() },
      finds: [
        expect.objectContaining({
          title: 'one process fills its core, and the other core is 7.1 % busy',
          edit: { kind: 'instances', from: 1, to: 2 },
        }),
      ],
    },
  },
})
