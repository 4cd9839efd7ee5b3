/** Route patterns in the dialects of frameworks and OpenAPI, read into one form that can be filled, matched and guessed. */

export interface PatternParameter {
  readonly name: string
  /** Pattern before the parameter, without the trailing slash: where a list of its values may be found. */
  readonly prefix: string
  /** The last literal segment before it, `orders` in `/orders/:id`; empty at the root. */
  readonly resource: string
}

const PARAMETER = /:([A-Za-z_]\w*)/g

/** A path of the service itself. `//host/x` is no such path: resolved against a URL it names another host. */
export function isOwnPath(path: string): boolean {
  return /^\/(?![/\\])/.test(path)
}

/** `undefined` for a wildcard or a regular expression: there is no telling what to put there. */
export function normalisePattern(pattern: string): string | undefined {
  const plain = pattern
    .replace(/\{[^{}]*[/:][^{}]*\}/g, '') // Express 5: an optional group
    .replace(/\{([\w-]+)\}/g, (_, name: string) => `:${name.replaceAll('-', '_')}`) // OpenAPI
    .replace(/(:[A-Za-z_]\w*)\((?:[^()]|\([^()]*\))*\)/g, '$1') // a regular expression behind a parameter
    .replace(/\/:[A-Za-z_]\w*\?/g, '') // an optional last parameter is left out
  if (!plain.startsWith('/') || /[*()^$\\[\]|+?{}]/.test(plain)) return plain === '' ? '/' : undefined
  return plain.length > 1 ? plain.replace(/\/+$/, '') || '/' : plain
}

export function splitQuery(target: string): readonly [path: string, query: string] {
  const at = target.indexOf('?')
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at)]
}

export function parametersOf(pattern: string): PatternParameter[] {
  return [...pattern.matchAll(PARAMETER)].map(match => {
    const prefix = pattern.slice(0, match.index).replace(/\/[^/]*$/, '')
    const literals = prefix.split('/').filter(segment => segment !== '' && !segment.includes(':'))
    return { name: match[1]!, prefix, resource: literals.at(-1) ?? '' }
  })
}

/** Puts values in the order of {@link parametersOf}, escaped for a path. */
export function fillPattern(pattern: string, values: readonly string[]): string {
  let index = 0
  return pattern.replace(PARAMETER, (whole: string) => {
    const value = values[index++]
    return value === undefined ? whole : encodeURIComponent(value)
  })
}

/** The first pattern that a concrete path fits; literal segments win over parameters. */
export function matchPattern(path: string, patterns: readonly string[]): string | undefined {
  const segments = path.split('/')
  const fitting = patterns.filter(pattern => {
    const parts = pattern.split('/')
    return (
      parts.length === segments.length &&
      parts.every((part, index) => part === segments[index] || fitsParameter(part, segments[index]!))
    )
  })
  return fitting.sort((a, b) => a.split(':').length - b.split(':').length)[0]
}

/** A pattern for a path nobody declared: segments that look like keys become parameters. */
export function guessPattern(path: string): string {
  let parameters = 0
  const guessed = path
    .split('/')
    .map(segment => (looksLikeKey(segment) ? `:id${parameters++ === 0 ? '' : parameters}` : segment))
  return guessed.join('/') || '/'
}

function fitsParameter(part: string, segment: string): boolean {
  return part.includes(':') && segment !== ''
}

function looksLikeKey(segment: string): boolean {
  return (
    /^\d+$/.test(segment) ||
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(segment) ||
    // Hashes, ObjectIds and ULIDs: long, and mixing letters with digits, which words in paths do not.
    (/^[0-9a-zA-Z_-]{10,}$/.test(segment) && /\d/.test(segment) && /[a-zA-Z]/.test(segment) && !/^v\d/.test(segment))
  )
}
