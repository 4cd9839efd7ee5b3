/** One thread of a run: joins by the port it was given and works until its share is handed over. */
import { workerData } from 'node:worker_threads'
import type { ThreadData } from './start-thread.ts'
import { joinThread } from './threads.ts'
import { work } from './worker.ts'

const { port, name, index } = workerData as ThreadData
const bus = joinThread(port, name)
try {
  await work(bus, { index, joinTimeoutMs: 60_000 })
} catch {
  // The controller was told, or is the one that ended the run.
} finally {
  await bus.close()
}
