/** An arm that runs for as long as it is asked something, and is stopped whatever comes of that. */
import { commandArm } from '@whetstone/loop'
import type { ArmStart } from './arms.ts'

export async function whileRunning<T>(start: ArmStart, ask: (baseUrl: string) => Promise<T>): Promise<T> {
  const arm = await commandArm('arm', { ...start, readyPath: '/healthz' }).start()
  try {
    return await ask(arm.baseUrl)
  } finally {
    await arm.stop()
  }
}
