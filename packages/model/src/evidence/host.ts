/** The machine by the USE method: utilisation, saturation, errors of CPU, memory and disk, plus what disturbed the measurement. */
export interface HostEvidence {
  readonly schema: 'host@1'
  readonly cores: number
  readonly cpuModel: string
  readonly memoryBytes: number
  readonly kernel: string
  readonly samples: readonly HostSample[]
}
export interface HostSample {
  readonly atMs: number
  /** 0 to 1 over all cores. */
  readonly cpuBusyFraction: number
  readonly stealFraction: number
  readonly ioWaitFraction: number
  readonly loadAverage1: number
  readonly memoryAvailableBytes: number
  /** Pressure stall, share of time some task waited, when the kernel tells. */
  readonly cpuPressureFraction?: number
  readonly ioPressureFraction?: number
  readonly memoryPressureFraction?: number
  /** CPU of the service's process tree, in cores. */
  readonly targetCpuCores?: number
  readonly databaseCpuCores?: number
}
