/** CPU profiles and seconds of a running process, written as short tables. */
import type { CpuProfileEvidence, Frame, ProfileNode, RuntimeEvidence, RuntimeSample, SyncCall } from '@whetstone/model'

type Row = readonly [
  id: number,
  parentId: number | undefined,
  what: Partial<ProfileNode> & { readonly function: string },
  samples: number,
]

/** 1000 samples of 10 ms each over 10 s, 100 requests; what the rows leave over is idle. */
export function profileOf(rows: readonly Row[], requests = 100): CpuProfileEvidence {
  const busySamples = rows.reduce((sum, [, , , samples]) => sum + samples, 0)
  const nodes = rows.map(([id, parentId, what, selfSamples]): ProfileNode => ({
    file: '',
    line: 1,
    column: 1,
    owner: what.file === undefined || what.file.startsWith('node:') ? 'runtime' : 'application',
    ...what,
    id,
    ...(parentId === undefined ? {} : { parentId }),
    selfSamples,
  }))
  const idle = {
    id: 9_999,
    function: '(idle)',
    file: '',
    line: 1,
    column: 1,
    owner: 'idle' as const,
    selfSamples: 1_000 - busySamples,
  }
  return {
    schema: 'cpu-profile@1',
    profiles: [{ pid: 100, durationMs: 10_000, samples: 1_000, busySamples, requests, nodes: [...nodes, idle] }],
  }
}

export const own = (
  name: string,
  line: number,
  file = 'src/report.ts',
): Pick<Frame, 'file' | 'line' | 'column'> & { function: string } => ({
  function: name,
  file,
  line,
  column: 10,
})

const second: RuntimeSample = {
  atMs: 0,
  windowMs: 1_000,
  eventLoopDelayP50Ms: 10,
  eventLoopDelayP99Ms: 12,
  eventLoopDelayMaxMs: 15,
  eventLoopUtilisationFraction: 0.2,
  cpuUserMs: 180,
  cpuSystemMs: 20,
  gcPauseMs: 5,
  gcMaxPauseMs: 2,
  heapUsedBytes: 40e6,
  heapTotalBytes: 60e6,
  residentBytes: 90e6,
  requests: 50,
}

/** One process; each entry is a second, given by what is unusual about it. */
export function secondsOf(
  samples: readonly Partial<RuntimeSample>[],
  syncCalls: readonly SyncCall[] = [],
): RuntimeEvidence {
  return {
    schema: 'runtime@1',
    processes: [
      {
        pid: 100,
        node: 'v20.20.2',
        pools: [],
        samples: samples.map((sample, at) => ({ ...second, atMs: at * 1_000, ...sample })),
      },
    ],
    syncCalls,
  }
}

export const repeated = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value)

/** A second in which the service held itself up for 300 ms. */
export const blocked: Partial<RuntimeSample> = {
  eventLoopDelayP99Ms: 260,
  eventLoopDelayMaxMs: 300,
  eventLoopUtilisationFraction: 0.7,
  cpuUserMs: 650,
}
