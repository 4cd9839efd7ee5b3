/** WebSockets and event streams run over HTTP/1.1 also where the requests beside them use HTTP/2. */
import type { LoadTarget } from '../plan.ts'

/** By the target itself, so that its TLS sessions are shared by all that is opened for it. */
const made = new WeakMap<LoadTarget, LoadTarget>()

export function http1Target(target: LoadTarget): LoadTarget {
  if (target.protocol !== 'h2' && target.protocol !== 'h2c') return target
  let plain = made.get(target)
  if (plain === undefined) {
    plain = { ...target, protocol: target.protocol === 'h2' ? 'https' : 'http' }
    made.set(target, plain)
  }
  return plain
}

/** `host:port` as it stands in a URL. */
export function authority({ host, port }: LoadTarget): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
