/** The machine by the USE method: utilisation, saturation, errors of CPU, memory and disk, plus what disturbed the measurement. */
export interface HostEvidence {
  readonly schema: 'host@1'
  readonly cores: number
  readonly cpuModel: string
  readonly memoryBytes: number
  /** Of the group of processes (a container) the tool and what it starts run in; absent where there is none. */
  readonly memoryLimitBytes?: number
  /** CPU time the group may take each second, in cores. */
  readonly cpuLimitCores?: number
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
  /** Tasks that ran or waited for a CPU at that instant, the collector among them. */
  readonly runnable?: number
  /** Of the busiest disk. */
  readonly diskBusyFraction?: number
  /** Mean time of a read or write on that disk; absent when there was none. */
  readonly diskAwaitMs?: number
  readonly swapInBytesPerSecond?: number
  /** TCP segments sent again, of all sent; loopback too. */
  readonly retransmitFraction?: number
  /** Packets received or to be sent that were dropped, all interfaces. */
  readonly droppedPackets?: number
  /** CPU of the service's process tree, in cores. */
  readonly targetCpuCores?: number
  readonly databaseCpuCores?: number
}
