/** The same load for some seconds more while the heap is collected in full every second: whether it grows, and who allocated what stays. */
import type { HeapProfileEvidence, Workload } from '@whetstone/model'
import { run as runLoad } from '@whetstone/load'
import { planOf } from './drive.ts'
import type { OnProgress } from './progress.ts'
import { relativePaths } from './relative-paths.ts'
import type { Stand } from './stand.ts'

export interface WatchOptions {
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly seed: number
  readonly root: string
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
  /** Between two collections. Default 1 s. */
  readonly everyMs?: number
}

/** A trend is not read from fewer than ten points, and the first seconds may still settle. */
const collections = 15
/** A collection takes its time too, on a busy machine as long as the pause before it: the load has to outlast them all. */
const timesAsLong = 2
/** At the first look the samples are settled, and two thirds of the time are left for what grows. */
const firstLook = 5

/** Undefined where no probe sees the heap. Latency is not measured meanwhile: every collection holds the service up. */
export async function watchHeap(
  { baseUrl, probe }: Pick<Stand, 'baseUrl' | 'probe'>,
  options: WatchOptions,
): Promise<HeapProfileEvidence | undefined> {
  if (!probe) return undefined
  const { everyMs = 1_000 } = options
  const durationMs = collections * everyMs
  options.onProgress({ kind: 'stage', stage: 'heap', detail: `collected every second for ${durationMs / 1_000} s` })
  // A window of its own: what came before was not under load without a break.
  await probe.reset()
  probe.sampleHeap(true)
  const over = new AbortController()
  const load = runLoad(
    { ...planOf(baseUrl, { ...options, durationMs: durationMs * timesAsLong }), seed: options.seed + 2 },
    { signal: AbortSignal.any([options.signal, over.signal]) },
  ).catch((error: unknown) => {
    if (!over.signal.aborted) throw error
  })
  try {
    const ended = load.then(() => true)
    for (let at = 1; at <= collections && !options.signal.aborted; at++) {
      const isOver = await Promise.race([ended, pause(everyMs, options.signal)])
      // Without a second look nobody can say who allocated what grew.
      await probe.collectHeap(at === firstLook || at === collections || isOver)
      if (isOver) break
    }
  } finally {
    over.abort()
    probe.sampleHeap(false)
    await load
  }
  return relativePaths(probe.evidence()['heap-profile'], options.root)
}

function pause(ms: number, signal: AbortSignal): Promise<false> {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve(false)
    }
    signal.addEventListener('abort', done, { once: true })
  })
}
