/** How busy the cores were, the service's own apart from all others: a busy machine is no busy service. */
import type { HostEvidence, RuntimeEvidence, RuntimeProcess, RuntimeSample } from '@whetstone/model'
import { median } from '@whetstone/stats'

export interface ServingProcess {
  readonly process: RuntimeProcess
  /** Median of the seconds in which it answered. */
  readonly utilisationFraction: number
  /** CPU it took itself, in cores; more than one with helper threads. */
  readonly cpuCores: number
}

/** Processes that answered requests; a parent that only hands them on is none. */
export function servingProcesses(runtime: RuntimeEvidence): readonly ServingProcess[] {
  return runtime.processes.flatMap(process => {
    const samples = process.samples.filter(sample => sample.requests > 0 && sample.windowMs > 0)
    return samples.length === 0
      ? []
      : [
          {
            process,
            utilisationFraction: middle(samples, sample => sample.eventLoopUtilisationFraction),
            cpuCores: middle(samples, sample => (sample.cpuUserMs + sample.cpuSystemMs) / sample.windowMs),
          },
        ]
  })
}

/** Cores the service may use: those of the machine, or fewer where its container has a limit. */
export function usableCores({ cores, cpuLimitCores }: HostEvidence): number {
  return Math.min(cores, cpuLimitCores ?? cores)
}

/** Median share of time in which the cores were busy with something else than the service; undefined without a sample. */
export function othersBusyFraction({ cores, samples }: HostEvidence, ownCores: number): number | undefined {
  if (samples.length === 0 || cores < 2) return undefined
  const others = samples.map(
    ({ cpuBusyFraction, targetCpuCores = ownCores }) => (cpuBusyFraction * cores - targetCpuCores) / (cores - 1),
  )
  return Math.max(0, median(others))
}

const middle = (samples: readonly RuntimeSample[], of: (sample: RuntimeSample) => number): number =>
  median(samples.map(of))
