/** Watches the machine once a second while the load runs, so that a busy neighbour is never reported as a slow service. */
import os from 'node:os'
import type { HostEvidence, HostSample } from '@whetstone/model'
import { procFile, runningProcesses } from '../process-tree.ts'
import { readLimits } from './cgroup-limits.ts'
import { deviceFigures, lookAtDevices, type DeviceLook } from './devices.ts'
import {
  familyOf,
  parseCpuTicks,
  parseMemoryAvailableBytes,
  parsePressureMicroseconds,
  ticksBetween,
  type CpuTicks,
  type ProcessTicks,
} from './proc-files.ts'

export interface HostCollectorOptions {
  /** Processes of the service; their children are followed. Asked at every sample. */
  readonly pids?: () => readonly number[]
  /** Processes of the database when it runs here; the postmaster is enough. */
  readonly databasePids?: () => readonly number[]
  /** Default 1000. */
  readonly intervalMs?: number
  /** Newest samples kept. Default 3600, one hour. */
  readonly maxSamples?: number
}

export interface HostCollector {
  /** Stops sampling; a second call gives the same evidence. */
  finish(): HostEvidence
}

/** USER_HZ, fixed at 100 on every Linux architecture that Node supports. */
const TICKS_PER_SECOND = 100

export function startHostCollector(options: HostCollectorOptions = {}): HostCollector {
  const samples: HostSample[] = []
  const take = process.platform === 'linux' ? linuxSampler(options) : portableSampler()
  const timer = setInterval(() => {
    samples.push(take())
    if (samples.length > (options.maxSamples ?? 3600)) samples.shift()
  }, options.intervalMs ?? 1000)
  timer.unref()
  let finished = false
  return {
    finish() {
      if (!finished) samples.push(take())
      finished = true
      clearInterval(timer)
      return { ...describeHost(), samples }
    },
  }
}

function describeHost(): Omit<HostEvidence, 'samples'> {
  return {
    schema: 'host@1',
    cores: os.availableParallelism(),
    cpuModel: os.cpus()[0]?.model ?? 'unknown',
    memoryBytes: os.totalmem(),
    ...readLimits(),
    kernel: `${os.type()} ${os.release()}`,
  }
}

interface Look {
  readonly atMs: number
  readonly cpu: CpuTicks | undefined
  readonly pressure: Readonly<Record<'cpu' | 'io' | 'memory', number | undefined>>
  readonly devices: DeviceLook
  readonly target: readonly ProcessTicks[]
  readonly database: readonly ProcessTicks[]
}

function linuxSampler(options: HostCollectorOptions): () => HostSample {
  const look = (): Look => {
    const targetPids = options.pids?.() ?? []
    const databasePids = options.databasePids?.() ?? []
    const processes = targetPids.length + databasePids.length === 0 ? [] : runningProcesses()
    return {
      atMs: performance.timeOrigin + performance.now(),
      cpu: parseCpuTicks(procFile('stat')),
      pressure: {
        cpu: parsePressureMicroseconds(procFile('pressure/cpu')),
        io: parsePressureMicroseconds(procFile('pressure/io')),
        memory: parsePressureMicroseconds(procFile('pressure/memory')),
      },
      devices: lookAtDevices(procFile),
      target: familyOf(targetPids, processes),
      database: familyOf(databasePids, processes),
    }
  }
  let before = look()
  return () => {
    const now = look()
    const sample = sampleBetween(before, now)
    before = now
    return {
      ...sample,
      loadAverage1: os.loadavg()[0]!,
      memoryAvailableBytes: parseMemoryAvailableBytes(procFile('meminfo')) ?? os.freemem(),
    }
  }
}

function sampleBetween(before: Look, now: Look): Omit<HostSample, 'loadAverage1' | 'memoryAvailableBytes'> {
  const elapsedMs = Math.max(1, now.atMs - before.atMs)
  const cpu = cpuFractions(before.cpu, now.cpu)
  const stall = (kind: 'cpu' | 'io' | 'memory'): number | undefined => {
    const [from, to] = [before.pressure[kind], now.pressure[kind]]
    return from === undefined || to === undefined ? undefined : Math.min(1, (to - from) / 1000 / elapsedMs)
  }
  const cores = (from: readonly ProcessTicks[], to: readonly ProcessTicks[]): number | undefined =>
    to.length === 0
      ? undefined
      : ticksBetween(new Map(from.map(({ pid, cpuTicks }) => [pid, cpuTicks])), to) /
        TICKS_PER_SECOND /
        (elapsedMs / 1000)
  return {
    atMs: Math.round(now.atMs),
    ...cpu,
    ...present({
      cpuPressureFraction: stall('cpu'),
      ioPressureFraction: stall('io'),
      memoryPressureFraction: stall('memory'),
      ...deviceFigures(before.devices, now.devices, elapsedMs),
      targetCpuCores: cores(before.target, now.target),
      databaseCpuCores: cores(before.database, now.database),
    }),
  }
}

function cpuFractions(
  before: CpuTicks | undefined,
  now: CpuTicks | undefined,
): Pick<HostSample, 'cpuBusyFraction' | 'stealFraction' | 'ioWaitFraction'> {
  const total = before && now ? now.total - before.total : 0
  if (!before || !now || total <= 0) return { cpuBusyFraction: 0, stealFraction: 0, ioWaitFraction: 0 }
  const ioWait = Math.max(0, now.ioWait - before.ioWait)
  return {
    cpuBusyFraction: 1 - (now.idle - before.idle + ioWait) / total,
    stealFraction: (now.steal - before.steal) / total,
    ioWaitFraction: ioWait / total,
  }
}

/** Elsewhere than on Linux only what Node itself knows. */
function portableSampler(): () => HostSample {
  const totals = (): { idle: number; total: number } => {
    let idle = 0
    let total = 0
    for (const { times } of os.cpus()) {
      idle += times.idle
      total += times.user + times.nice + times.sys + times.irq + times.idle
    }
    return { idle, total }
  }
  let before = totals()
  return () => {
    const now = totals()
    const elapsed = now.total - before.total
    const cpuBusyFraction = elapsed > 0 ? 1 - (now.idle - before.idle) / elapsed : 0
    before = now
    return {
      atMs: Math.round(performance.timeOrigin + performance.now()),
      cpuBusyFraction,
      stealFraction: 0,
      ioWaitFraction: 0,
      loadAverage1: os.loadavg()[0]!,
      memoryAvailableBytes: os.freemem(),
    }
  }
}

/** Leaves out what was not measured, instead of writing `undefined`. */
function present<T extends Readonly<Record<string, number | undefined>>>(record: T): { [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: number
  }
}
