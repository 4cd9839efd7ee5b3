/** What the users of an arm get while its Redis stands still, connections and all, as a machine that swaps or a network that drops leaves it. */
import { loadTarget, runInProcess } from '@whetstone/load'
import type { Workload } from '@whetstone/model'
import type { RedisServer } from '@whetstone/sandbox'
import type { ArmStart } from './arms.ts'
import { answeredWell } from './count.ts'
import { whileRunning } from './while-running.ts'

const pausedMs = 5_000
/** Who has no answer by then gives up. */
const patienceMs = 1_000

/** Of a hundred requests, those that fail or take longer than a second. */
export async function failedWithoutCache(
  start: ArmStart,
  workload: Workload,
  { ratePerSecond, redis }: { readonly ratePerSecond: number; readonly redis: RedisServer | undefined },
): Promise<number> {
  const pid = redis?.pid
  if (pid === undefined) throw new Error('the arm has no Redis that could be stopped')
  return await whileRunning(start, async baseUrl => {
    await answeredWell(baseUrl, workload, 60)
    process.kill(pid, 'SIGSTOP')
    try {
      const { measure } = await runInProcess({
        target: loadTarget(new URL(baseUrl)),
        routes: workload.routes,
        ratePerSecond,
        durationMs: pausedMs,
        warmUpMs: 0,
        arrivals: 'uniform',
        seed: 1,
        maxConnections: 500,
        timeoutMs: patienceMs,
      })
      return Number(((100 * measure.errors) / Math.max(1, measure.sent)).toPrecision(3))
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  })
}
