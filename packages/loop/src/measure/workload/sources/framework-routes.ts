/** Routes as the framework registered them, without those nobody would call on purpose. */
import { normalisePattern, type RouteCandidate } from '@whetstone/load/import'

export interface FrameworkRoutes {
  readonly candidates: readonly RouteCandidate[]
  /** Wildcards and regular expressions, which cannot be filled. */
  readonly unreadable: readonly { readonly method: string; readonly pattern: string }[]
}

export function readFrameworkRoutes(
  routes: readonly { readonly method: string; readonly pattern: string }[],
): FrameworkRoutes {
  const candidates = new Map<string, RouteCandidate>()
  const unreadable: { method: string; pattern: string }[] = []
  const methods = routes.flatMap(({ method, pattern }) =>
    // `ALL` answers every method; only reading through it is safe to assume.
    method
      .split(',')
      .map(one => ({ method: /^(all|\*|use)$/i.test(one.trim()) ? 'GET' : one.trim().toUpperCase(), pattern })),
  )
  for (const { method, pattern } of methods) {
    const normalised = normalisePattern(pattern)
    if (normalised === undefined) unreadable.push({ method, pattern })
    else
      candidates.set(`${method} ${normalised}`, {
        origin: 'framework',
        method,
        pattern: normalised,
        requests: [],
        weight: 1,
      })
  }
  // Fastify and Express answer HEAD wherever there is GET, and OPTIONS for CORS: both would measure the same code again.
  const worthwhile = [...candidates.values()].filter(
    ({ method, pattern }) => method !== 'OPTIONS' && !(method === 'HEAD' && candidates.has(`GET ${pattern}`)),
  )
  return { candidates: worthwhile, unreadable: unreadable.filter(({ method }) => method === 'GET') }
}
