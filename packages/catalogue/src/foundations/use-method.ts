/** Utilisation, saturation and errors of every resource in one row: what is full, what is not, and what nobody looked at. */
import {
  ask,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  pass,
  reportedStep,
  unknown,
} from '@whetstone/model'
import { countText, fact, percentText } from '../derive/figures.ts'
import { type Cell, cpuUse, useMatrix } from '../derive/use-matrix.ts'

export const useMethod = definePractice({
  id: 'use-method',
  chapter: 'foundations',
  title: 'USE: utilisation, saturation, errors for every resource',
  why: 'Whatever is full makes everything wait, and people look first at what they know: a list of all resources leaves out none.',
  unless: ['The machine is shared with others who fill it: then measure where the service is alone.'],
  sources: [
    'https://www.brendangregg.com/usemethod.html',
    'https://docs.kernel.org/accounting/psi.html',
    'https://github.com/clinicjs/node-clinic-doctor',
  ],
  needs: ['host'],
  optional: ['runtime', 'pg', 'load-curve'],
  thresholds: {
    cpuBusyFraction: { value: 0.85, unit: 'fraction', source: 'above, a queue for the cores is long: M/M/c' },
    cpuPressureFraction: {
      value: 0.1,
      unit: 'fraction',
      source: 'tasks waited for a core in a tenth of the time (PSI)',
    },
    memoryPressureFraction: { value: 0.01, unit: 'fraction', source: 'waiting for memory is never normal (PSI)' },
    swapInBytesPerSecond: { value: 1_000_000, unit: 'bytes', source: 'a page that comes back was needed' },
    diskBusyFraction: { value: 0.8, unit: 'fraction', source: 'above, requests to a disk queue up: M/M/1' },
    diskAwaitMs: { value: 20, unit: 'ms', source: 'a solid-state disk answers in one' },
    retransmitFraction: {
      value: 0.01,
      unit: 'fraction',
      source: 'one segment in a hundred sent again halves a connection',
    },
    loopFraction: { value: 0.95, unit: 'fraction', source: 'Clinic Doctor' },
    connectionFraction: { value: 0.8, unit: 'fraction', source: 'the last fifth is needed when a replica is added' },
    ownFraction: { value: 0.5, unit: 'fraction', source: 'the service and its database take more than all others' },
  },
  remedy: {
    summary: 'Begin with the resource that is full: give it more, or ask less of it.',
    example: {
      language: 'ts',
      before: `// "the database must be slow": the disk of the machine was full of logs`,
      after: `// whetstone coverage: CPU 96 % busy, disk 3 %, event loop 20 %, 4 of 10 connections`,
    },
  },
  detect({ host, runtime, pg, 'load-curve': load }, limits) {
    if (host.samples.length < fewestSamples)
      return unknown(['host'], 'the machine was watched too shortly', 'whetstone diagnose --duration 20s -- <command>')
    const cells = useMatrix({ host, runtime, pg }, limits)
    const facts = cells.flatMap(cell => cell.facts)
    const generatorCores = reportedStep(load)?.generator.cpuFraction ?? 0
    const cpu = cpuUse(host, generatorCores)
    const isFull = (name: Cell['resource']) => cells.some(cell => cell.resource === name && cell.state === 'full')
    const isOwn = cpu.ownFraction !== undefined && cpu.ownFraction >= limits.ownFraction
    if (isFull('CPU') && isOwn && cpu.busyFraction < limits.cpuBusyFraction)
      return ask(
        `The CPU was full (${percentText(cpuUse(host).busyFraction)} busy), and ${percentText(generatorCores)} of a core was our own load. Is it full too when the load comes from another machine?`,
        [...facts, generatorFact(generatorCores)],
      )
    if (isFull('CPU') && isOwn) return findings([describe({ cells, cpu, cores: host.cores, generatorCores })])
    const ofMachine = cells.filter(cell => cell.state === 'full' && machine.has(cell.resource))
    if (ofMachine.length > 0)
      return ask(
        `Full on this machine: ${ofMachine.map(cell => `${cell.resource} (${cell.text})`).join(', ')}. Is that the doing of this service?`,
        facts,
      )
    return pass(facts, noteOf(cells))
  },
})

/** With fewer seconds a median is a moment. */
const fewestSamples = 3
/** Of these nobody can say who filled them; the others have practices of their own. */
const machine: ReadonlySet<string> = new Set(['CPU', 'memory', 'disk', 'network'])

function noteOf(cells: readonly Cell[]): string {
  const seen = cells.filter(({ state }) => state !== 'unknown')
  const unseen = cells.filter(({ state }) => state === 'unknown').map(({ resource }) => resource)
  return [
    seen.map(({ resource, text, state }) => `${resource} ${text}${state === 'full' ? ' (full)' : ''}`).join(', '),
    ...(unseen.length > 0 ? [`not seen: ${unseen.join(', ')}`] : []),
  ].join('; ')
}

const generatorFact = (cores: number): Fact => fact('a core taken by our own load', cores, 'fraction', 'load-curve')

interface FullCpu {
  readonly cells: readonly Cell[]
  readonly cpu: ReturnType<typeof cpuUse>
  readonly cores: number
  readonly generatorCores: number
}

function describe({ cells, cpu: { busyFraction, ownFraction = 0 }, cores, generatorCores }: FullCpu): Finding {
  const where = { resource: 'CPU of the machine' }
  return {
    fingerprint: fingerprintOf('use-method', where),
    practice: 'use-method',
    title: `all ${countText(cores)} cores are full: ${percentText(busyFraction)} busy, ${percentText(ownFraction)} of it by the service and its database`,
    where,
    facts: [
      fact(
        generatorCores > 0 ? 'CPU busy beside our own load, median' : 'CPU busy, median',
        busyFraction,
        'fraction',
        'host',
      ),
      ...(generatorCores > 0 ? [generatorFact(generatorCores)] : []),
      fact('of it the service and its database', ownFraction, 'fraction', 'host'),
      ...cells.filter(({ resource }) => resource === 'CPU').flatMap(({ facts }) => facts.slice(1)),
    ],
    confidence: 'measured',
    remedy: {
      summary: 'Ask less of the CPU, or give it more cores.',
      steps: [
        'See what it computes: the flame graph of the report, and background work that runs beside the requests.',
        `All resources: ${noteOf(cells)}.`,
        'More cores help at once; the same work again on a larger machine costs more every hour.',
      ],
    },
  }
}
