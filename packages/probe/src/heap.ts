/** The heap of this very process, on request only: its size right after a full collection, and who allocated what is still alive. */
import type { Session } from 'node:inspector'
import { constants } from 'node:perf_hooks'
import v8 from 'node:v8'
import vm from 'node:vm'
import { now, startTimeout, wallClock } from './clock.ts'
import { failed } from './guard.ts'
import { post } from './inspector-post.ts'
import { send } from './outbox.ts'
import { heapInSource, type V8HeapNode } from './profile-in-source.ts'

/** An allocation in so many bytes is sampled, at random: V8's own default, of no cost that shows. */
const bytesBetweenSamples = 32_768

let collect: (() => void) | undefined
let session: Session | undefined

/** The entry of a performance observer for `gc`, whose type leaves its detail out. */
export const isFullCollection = (entry: object): boolean =>
  (entry as { readonly detail?: { readonly kind?: number } }).detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR

/** `requestsServed` counts for ever. */
export async function reportHeap(withProfile: boolean, requestsServed: () => number): Promise<void> {
  try {
    collect ??= fullCollection()
    const began = now()
    collect()
    const pauseMs = now() - began
    // Memory outside of the heap is given back a turn later.
    await new Promise<void>(resolve => void startTimeout(resolve, 0))
    const { heapUsed, external } = process.memoryUsage()
    const profile = withProfile && session ? await post(session, 'HeapProfiler.getSamplingProfile') : undefined
    send({
      kind: 'heap',
      atMs: wallClock(),
      keptBytes: heapUsed + external,
      pauseMs,
      requests: requestsServed(),
      heapLimitBytes: v8.getHeapStatistics().heap_size_limit,
      ...(profile === undefined ? {} : { profile: JSON.stringify(headOf(profile)) }),
    })
  } catch (error) {
    failed(error)
  }
}

export async function sampleHeap(on: boolean): Promise<void> {
  try {
    if (on && !session) {
      const { Session: InspectorSession } = await import('node:inspector')
      session = new InspectorSession()
      session.connect()
      await post(session, 'HeapProfiler.startSampling', { samplingInterval: bytesBetweenSamples })
    } else if (!on && session) {
      const open = session
      session = undefined
      await post(open, 'HeapProfiler.stopSampling')
      open.disconnect()
    }
  } catch (error) {
    failed(error)
  }
}

/** V8 shows the function only to contexts that are made while the flag is up, and it is taken down at once. */
function fullCollection(): () => void {
  v8.setFlagsFromString('--expose-gc')
  try {
    return vm.runInNewContext('gc') as () => void
  } finally {
    v8.setFlagsFromString('--no-expose-gc')
  }
}

/** The samples one by one are of no use to anybody and most of the text. */
function headOf(result: unknown): V8HeapNode {
  return heapInSource((result as { readonly profile: { readonly head: V8HeapNode } }).profile.head)
}
