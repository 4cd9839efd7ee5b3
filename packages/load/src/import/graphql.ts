/** Reads whether a GraphQL request only reads, and what its operation is called. */

export interface GraphqlOperation {
  readonly kind: 'query' | 'mutation' | 'subscription'
  /** Empty for an anonymous operation. */
  readonly name: string
}

/**
 * The operation a JSON body would run; `undefined` when the body is no GraphQL request, or holds several operations and does
 * not say which: then there is no telling.
 */
export function graphqlOperation(body: string | undefined): GraphqlOperation | undefined {
  const request = parsedObject(body)
  if (typeof request?.query !== 'string') return undefined
  const operations = operationsOf(request.query)
  const wanted = typeof request.operationName === 'string' ? request.operationName : undefined
  const chosen =
    wanted === undefined
      ? operations.length === 1
        ? operations[0]
        : undefined
      : operations.find(({ name }) => name === wanted)
  return chosen
}

export function looksLikeGraphqlPath(path: string): boolean {
  return /graphql|-api$/i.test(path.split('?')[0]!)
}

function operationsOf(document: string): GraphqlOperation[] {
  const operations: GraphqlOperation[] = []
  let depth = 0
  // Strings and comments first, so that a brace or keyword inside them does not count.
  const token = /"""[\s\S]*?"""|"(?:\\.|[^"\\])*"|#[^\n]*|[{}]|\b(query|mutation|subscription|fragment)\b\s*(\w+)?/g
  let pending: GraphqlOperation | 'fragment' | undefined
  for (const match of document.matchAll(token)) {
    const text = match[0]
    if (text === '}') depth = Math.max(0, depth - 1)
    else if (text === '{') {
      if (depth === 0) {
        if (pending !== 'fragment') operations.push(pending ?? { kind: 'query', name: '' })
        pending = undefined
      }
      depth++
    } else if (match[1] !== undefined && depth === 0 && pending === undefined) {
      pending =
        match[1] === 'fragment' ? 'fragment' : { kind: match[1] as GraphqlOperation['kind'], name: match[2] ?? '' }
    }
  }
  return operations
}

function parsedObject(body: string | undefined): Record<string, unknown> | undefined {
  if (body === undefined) return undefined
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
