/** Which requests may be repeated thousands of times: reads, and what the user has marked as safe. */
import { graphqlOperation, looksLikeGraphqlPath, type RouteCandidate } from '@whetstone/load/import'

export type Safety = { readonly safe: true } | { readonly safe: false; readonly why: string; readonly give: string }

export function safetyOf(candidate: RouteCandidate): Safety {
  const { method, pattern } = candidate
  if (method === 'GET' || method === 'HEAD') return { safe: true }
  const bodies = candidate.requests.map(request => request.body)
  const operations = bodies.map(graphqlOperation)
  // A mutation is a write even when it was typed as a --request by habit: the mark below says so openly.
  if (candidate.markedSafe === true) return { safe: true }
  if (method === 'POST' && operations.length > 0 && operations.every(operation => operation?.kind === 'query'))
    return { safe: true }
  if (method === 'POST' && looksLikeGraphqlPath(pattern) && operations.every(operation => operation === undefined)) {
    return {
      safe: false,
      why: 'a GraphQL endpoint needs a query',
      give: `--request 'POST ${pattern} {"query":"query Orders { orders { id } }"}'`,
    }
  }
  const kind = operations.find(operation => operation !== undefined && operation.kind !== 'query')?.kind
  return {
    safe: false,
    why:
      kind === undefined ? `${method} changes data unless you say that it does not` : `a GraphQL ${kind} changes data`,
    give: `--request '${method} ${pattern}${method === 'DELETE' ? '' : ' {…}'}' if repeating it does no harm`,
  }
}
