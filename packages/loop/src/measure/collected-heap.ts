/** What the heaps of a service hold after the full collections that V8 makes by itself: what grows there is kept, not merely uncollected. */
import type { RuntimeProcess } from '@whetstone/model'
import { ProbeReceiver } from './probe/index.ts'

export interface HeapWatch {
  /** To be merged into the environment of the service before it starts. */
  readonly env: Readonly<Record<string, string>>
  /** Bytes over all processes; undefined where none was collected since the last call, and until each has been once. */
  read(): number | undefined
  close(): Promise<void>
}

/** By a probe that only counts requests: it forces no collection, so that nothing is held up. Never read where no Node process listens. */
export async function watchCollectedHeap(): Promise<HeapWatch> {
  const receiver = new ProbeReceiver({ level: 'red' })
  const { env } = await receiver.start()
  const heaps = new CollectedHeaps()
  return {
    env,
    read() {
      const live = new Set(receiver.processes().map(({ pid }) => pid))
      return heaps.read(receiver.evidence().runtime.processes.filter(({ pid }) => live.has(pid)))
    },
    close: () => receiver.close(),
  }
}

/** Apart from its socket, so that every order of collections can be a test. */
export class CollectedHeaps {
  #readAtMs = Number.NEGATIVE_INFINITY

  /** @param processes those alive */
  read(processes: readonly Pick<RuntimeProcess, 'samples'>[]): number | undefined {
    const newest = processes.map(({ samples }) =>
      samples.findLast(sample => sample.heapAfterCollectionBytes !== undefined),
    )
    const newestAtMs = Math.max(...newest.map(sample => sample?.atMs ?? Number.NEGATIVE_INFINITY))
    // A process that joins the sum later would look like growth; the same collection again would look like steadiness.
    if (newest.includes(undefined) || newestAtMs <= this.#readAtMs) return undefined
    this.#readAtMs = newestAtMs
    return newest.reduce((sum, sample) => sum + (sample?.heapAfterCollectionBytes ?? 0), 0)
  }
}
