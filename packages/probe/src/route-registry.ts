/** Routes as the framework registers them, with the line that does it: what a workload can be made of before the first request. */
import type { Site } from '@whetstone/model'
import { failed } from './guard.ts'
import { wantedLevel, OFF } from './level.ts'
import { send } from './outbox.ts'
import { inSource } from './source-position.ts'

const routesKept = 1_000
const announced = new Set<string>()

export function announceRoute(method: string, pattern: string, framework: string, site: Site | undefined): void {
  try {
    const upper = method.toUpperCase()
    const key = `${upper} ${pattern}`
    if (wantedLevel() === OFF || announced.has(key) || announced.size >= routesKept) return
    announced.add(key)
    send({ kind: 'route', method: upper, pattern, framework, ...(site && { site: inSource(site) }) })
  } catch (error) {
    failed(error)
  }
}
