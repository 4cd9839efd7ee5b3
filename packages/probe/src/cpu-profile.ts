/** V8's sampling profiler at 99 Hz for a while, through the inspector of this very process. */
import { now, startTimeout, wallClock } from './clock.ts'
import { failed } from './guard.ts'
import { post } from './inspector-post.ts'
import { send, ship } from './outbox.ts'
import { profileInSource, type V8Profile } from './profile-in-source.ts'

const samplesPerSecond = 99
const longestWindowMs = 60_000

let isRunning = false

/** `requestsServed` counts for ever; the difference tells the CPU of one request. */
export async function profile(durationMs: number, requestsServed: () => number): Promise<void> {
  if (isRunning) return
  isRunning = true
  try {
    const { Session: InspectorSession } = await import('node:inspector')
    const session = new InspectorSession()
    session.connect()
    await post(session, 'Profiler.enable')
    await post(session, 'Profiler.setSamplingInterval', { interval: Math.round(1e6 / samplesPerSecond) })
    await post(session, 'Profiler.start')
    const startedAtMs = wallClock()
    const startedAt = now()
    const requestsBefore = requestsServed()
    await new Promise<void>(resolve => void startTimeout(resolve, Math.min(durationMs, longestWindowMs)).unref())
    const stopped = (await post(session, 'Profiler.stop')) as { readonly profile: V8Profile }
    session.disconnect()
    send({
      kind: 'cpu-profile',
      startedAtMs,
      durationMs: now() - startedAt,
      requests: requestsServed() - requestsBefore,
      profile: JSON.stringify(profileInSource(stopped.profile)),
    })
    ship()
  } catch (error) {
    failed(error)
  } finally {
    isRunning = false
  }
}
