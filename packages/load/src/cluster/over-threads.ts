/** A run on several threads of this host: each has an engine and an event loop of its own, all one controller and one result. */
import type { LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'
import type { InProcessOptions } from '../run-in-process.ts'
import { scenarioOf } from '../run-in-process.ts'
import { control } from './controller.ts'
import type { WorkerMessage } from './messages.ts'
import { startThread } from './start-thread.ts'
import { threadBus } from './threads.ts'

/** A thread loads its modules in well under a second, on a machine that is not out of memory. */
const JOIN_TIMEOUT_MS = 60_000

export type ThreadOptions = Pick<InProcessOptions, 'signal' | 'onInterval' | 'onSecond'>

/** As `runInProcess`, with the load divided among so many threads. A thread that ends early is named in the result. */
export async function runOnThreads(plan: LoadPlan, workers: number, options: ThreadOptions = {}): Promise<LoadResult> {
  const scenario = plan.scenario === undefined ? undefined : await scenarioOf(plan)
  const bus = await threadBus()
  const threads = Array.from({ length: workers }, (_, index) => {
    const name = `thread ${index + 1}`
    const port = bus.openPort()
    const gone = (why: string) =>
      void bus.controller.publish({ kind: 'gone', name, why } satisfies WorkerMessage).catch(() => undefined)
    return startThread({ port, name, index })
      .once('error', error => gone(`failed: ${error.message}`))
      .once('exit', code => gone(`ended with code ${code}`))
  })
  try {
    return await control(plan, bus.controller, {
      ...options,
      workers,
      joinTimeoutMs: JOIN_TIMEOUT_MS,
      silenceMeansLost: false,
      ...(scenario === undefined ? {} : { scenario }),
    })
  } finally {
    await Promise.all(threads.map(thread => thread.terminate()))
    await bus.controller.close()
  }
}
