/** Reads what people type on the command line: `GET /orders/:id 3`, `POST /search {"text":"x"}`, `name: value`. */
import { WhetstoneError } from '@whetstone/model'
import { graphqlOperation } from './graphql.ts'
import type { RouteCandidate } from './route-candidates.ts'
import { normalisePattern, parametersOf, splitQuery } from './route-pattern.ts'

const METHODS = 'GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS'
const ROUTE = new RegExp(`^(?:(${METHODS})\\s+)?(/(?![/\\\\])\\S*)(?:\\s+(\\d+(?:\\.\\d+)?))?$`, 'i')
const REQUEST = new RegExp(`^(?:(${METHODS})\\s+)?(/(?![/\\\\])\\S*)(?:\\s+([\\s\\S]+))?$`, 'i')

/** A `--route`; the method defaults to GET, the weight to 1. Throws `WHET_ROUTE`. */
export function readRouteLine(line: string): RouteCandidate {
  const match = ROUTE.exec(line.trim())
  if (match === null) {
    throw new WhetstoneError('WHET_ROUTE', `cannot read the route ${JSON.stringify(line)}`, {
      hint: "write a method, a path and, if you like, a weight: --route 'GET /orders/:id 3'",
    })
  }
  const [path, query] = splitQuery(match[2]!)
  return candidateOf('route', (match[1] ?? 'GET').toUpperCase(), path, { query, weight: Number(match[3] ?? 1) })
}

/** A `--request` with an optional body; the user vouches that repeating it does no harm. Throws `WHET_REQUEST`. */
export function readRequestLine(line: string, flag: '--request' | '--login' = '--request'): RouteCandidate {
  const match = REQUEST.exec(line.trim())
  if (match === null) {
    throw new WhetstoneError('WHET_REQUEST', `cannot read the ${flag} ${shownRequest(line)}`, {
      hint: `write a method, a path and a body: ${flag} 'POST /search {"text":"lamp"}'`,
    })
  }
  const body = match[3]?.trim()
  const [path, query] = splitQuery(match[2]!)
  const method = (match[1] ?? (body === undefined ? 'GET' : 'POST')).toUpperCase()
  return {
    ...candidateOf('request', method, path, { query, weight: 1, ...(body === undefined ? {} : { body }) }),
    markedSafe: true,
  }
}

/** Method and path, as far as they can be told from the rest: the query and the body may be somebody's password. */
function shownRequest(line: string): string {
  const [shown = ''] = /^(?:[A-Z]{3,7}(?=\s|$)\s*)?(?:\/[^\s?]*)?/.exec(line.trim()) ?? []
  return shown === '' ? '(it begins with neither a method nor a path)' : JSON.stringify(`${shown.trim()} …`)
}

/** A `--header`; the name comes back in lower case. Throws `WHET_HEADER`. */
export function readHeaderLine(line: string): readonly [name: string, value: string] {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:\s*([^\r\n]*)$/.exec(line.trim())
  if (match === null) {
    // The value may be a secret, so the message shows only what comes before a colon.
    throw new WhetstoneError(
      'WHET_HEADER',
      `cannot read the header ${JSON.stringify(line.split(':')[0]!.slice(0, 40))}`,
      {
        hint: "write name and value with a colon: --header 'x-app-id: shop'",
      },
    )
  }
  return [match[1]!.toLowerCase(), match[2]!]
}

/** A body that is JSON or a form, as its content type says. */
export function contentTypeOf(body: string): string {
  if (/^\s*[[{"]/.test(body)) return 'application/json'
  return /^[^\s=&]+=[^\s]*$/.test(body) ? 'application/x-www-form-urlencoded' : 'text/plain'
}

/** A value that is a name behind a colon, as in `?q=:term`: one of the values given for that name. */
const QUERY_NAME = /([?&][^=&]*=):([A-Za-z_]\w*)(?=&|$)/g

/** `undefined` where the query is to be sent as it was typed. */
export function namesInQuery(query: string): readonly string[] | undefined {
  const names = [...query.matchAll(QUERY_NAME)].map(match => match[2]!)
  return names.length === 0 ? undefined : names
}

/** Values are encoded here. */
export function fillQuery(query: string, valueOf: (name: string) => string): string {
  return query.replace(QUERY_NAME, (_, before: string, name: string) => before + encodeURIComponent(valueOf(name)))
}

/** A request is whole when its path has no parameter left, and a route's query neither. */
function candidateOf(
  origin: RouteCandidate['origin'],
  method: string,
  path: string,
  { query, weight, body }: { query: string; weight: number; body?: string },
): RouteCandidate {
  const pattern = normalisePattern(path)
  const isFilled = pattern === undefined || parametersOf(pattern).length === 0
  const whole = isFilled && (origin !== 'route' || namesInQuery(query) === undefined)
  const operation = graphqlOperation(body)?.name
  return {
    origin,
    method,
    // A path typed with odd characters is taken literally.
    pattern: pattern ?? path,
    requests: whole
      ? [
          {
            method,
            path: path + query,
            headers: body === undefined ? {} : { 'content-type': contentTypeOf(body) },
            ...(body === undefined ? {} : { body }),
          },
        ]
      : [],
    weight,
    ...(query === '' ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    ...(operation === undefined || operation === '' ? {} : { operation }),
  }
}
