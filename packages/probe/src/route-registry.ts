/** Routes as the framework registers them, with the line that does it: what a workload can be made of before the first request. */
import { captureCallSite } from './call-site.ts'
import { failed } from './guard.ts'
import { wantedLevel, OFF } from './level.ts'
import { send } from './outbox.ts'

const routesKept = 1_000
const announced = new Set<string>()

export function announceRoute(
  method: string,
  pattern: string,
  framework: string,
  below: (...args: never[]) => unknown,
): void {
  try {
    const upper = method.toUpperCase()
    const key = `${upper} ${pattern}`
    if (wantedLevel() === OFF || announced.has(key) || announced.size >= routesKept) return
    announced.add(key)
    const { site } = captureCallSite(below)
    send({ kind: 'route', method: upper, pattern, framework, ...(site && { site }) })
  } catch (error) {
    failed(error)
  }
}
