/** Many recorded requests of one route as one step: what differs between them becomes columns, drawn as often as they were seen. */
import type { RouteGroup } from '../route-groups.ts'
import { splitQuery } from '../route-pattern.ts'
import type { DraftFeeder, DraftRequest } from './draft.ts'
import { literal } from './draft.ts'
import type { Variables } from './variables.ts'

/** More values than this get a file of their own. */
const MAX_LISTED = 12

/** For logs and traces, which know neither headers nor bodies. */
export function routeStep(group: RouteGroup, variables: Variables): DraftRequest {
  const { method, pattern } = group
  const requests = group.kept.map(({ path }) => partsOf(path))
  const secrets = secretsOf(requests, variables)
  const pieces = [...pathPieces(requests, pattern), ...queryPieces(requests, secrets)]
  const columns = pieces.filter((piece): piece is Column => typeof piece === 'object')
  const feeder = feederOf(columns)
  const alone = columns.length === 1 && feeder?.kind === 'list'
  const written = pieces.map(piece =>
    typeof piece === 'string' ? literal(piece) : `{${piece.raw ? '+' : ''}${alone ? '' : 'row.'}${piece.name}}`,
  )
  const path = written.join('')
  const added = [...secrets].map(([name, template]) => `${literal(name)}=${template}`).join('&')
  return {
    kind: 'request',
    method,
    path: added === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${added}`,
    name: `${method} ${pattern}`,
    headers: {},
    with: feeder === undefined ? {} : { [alone ? columns[0]!.name : 'row']: feeder },
  }
}

interface Parts {
  readonly segments: readonly string[]
  readonly pairs: readonly (readonly [name: string, value: string | undefined])[]
}

/** A value that differs from request to request. */
interface Column {
  readonly name: string
  readonly values: readonly string[]
  /** A piece of URL as it was, not a value to be escaped. */
  readonly raw: boolean
}

function partsOf(target: string): Parts {
  const [path, query] = splitQuery(target)
  const pairs = query.length < 2 ? [] : query.slice(1).split('&')
  return {
    segments: path.split('/'),
    pairs: pairs.map(pair => {
      const equals = pair.indexOf('=')
      return equals === -1 ? [pair, undefined] : [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  }
}

/** Where the shape of the path itself differs, the whole path is one column. */
function pathPieces(requests: readonly Parts[], pattern: string): (string | Column)[] {
  const [first] = requests
  if (first === undefined) return [pattern]
  const sameLength = requests.every(({ segments }) => segments.length === first.segments.length)
  if (!sameLength) return [{ name: 'path', raw: true, values: requests.map(({ segments }) => segments.join('/')) }]
  const names = pattern.split('/')
  const aligned = names.length === first.segments.length
  const taken = new Set<string>()
  return first.segments.flatMap((segment, index) => {
    const slash = index === 0 ? [] : ['/']
    const values = requests.map(({ segments }) => segments[index]!)
    if (values.every(value => value === segment)) return [...slash, segment]
    const wanted = aligned ? /^:([A-Za-z_]\w*)$/.exec(names[index]!)?.[1] : undefined
    return [...slash, column(unique(wanted ?? 'id', taken), values)]
  })
}

/** A column for each value, when all requests have the same names in the same order; else the whole query is one. */
function queryPieces(requests: readonly Parts[], secrets: ReadonlyMap<string, string>): (string | Column)[] {
  const queries = requests.map(({ pairs }) => pairs.filter(([name]) => !secrets.has(name)))
  const whole = queries.map(pairs => textOf(pairs))
  const [first = []] = queries
  if (whole.every(query => query === whole[0])) return whole[0] === undefined ? [] : [whole[0]]
  const namesOf = (pairs: Parts['pairs']): string =>
    pairs.map(([name, value]) => (value === undefined ? name : `${name}=`)).join('&')
  if (!queries.every(pairs => namesOf(pairs) === namesOf(first))) return [{ name: 'query', raw: true, values: whole }]
  const taken = new Set(['id', 'path'])
  return first.flatMap(([name, value], index): (string | Column)[] => {
    const before = `${index === 0 ? '?' : '&'}${name}`
    const values = queries.map(pairs => pairs[index]![1] ?? '')
    if (value === undefined) return [before]
    if (values.every(other => other === value)) return [`${before}=${value}`]
    return [`${before}=`, column(unique(/^[A-Za-z_]\w{0,40}$/.test(name) ? name : 'value', taken), values)]
  })
}

function textOf(pairs: Parts['pairs']): string {
  return pairs.length === 0
    ? ''
    : `?${pairs.map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).join('&')}`
}

function unique(wanted: string, taken: Set<string>): string {
  let name = RESERVED.has(wanted) ? `${wanted}Value` : wanted
  for (let count = 2; taken.has(name); count++) name = `${wanted}${count}`
  taken.add(name)
  return name
}

const RESERVED = new Set(['arrival', 'shared', 'row', '__proto__', 'constructor'])

/** Values as people know them, where writing them into a URL gives back what was recorded. */
function column(name: string, values: readonly string[]): Column {
  const decoded = values.map(decodedOf)
  return decoded.every((value, index) => value !== undefined && encodeURIComponent(value) === values[index])
    ? { name, raw: false, values: decoded as string[] }
    : { name, raw: true, values }
}

function decodedOf(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

/** One list where there are few rows, or few different ones in like shares; else rows with their repeats, which keep the shares. */
function feederOf(columns: readonly Column[]): DraftFeeder | undefined {
  const [first] = columns
  if (first === undefined) return undefined
  const rows = first.values.map((_, index) => columns.map(({ values }) => values[index]!))
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(JSON.stringify(row), (counts.get(JSON.stringify(row)) ?? 0) + 1)
  const alike = Math.max(...counts.values()) <= 2 * Math.min(...counts.values())
  const few = counts.size <= MAX_LISTED && alike ? [...counts.keys()].map(key => JSON.parse(key) as string[]) : rows
  if (few.length > MAX_LISTED) return { kind: 'rows', columns: columns.map(({ name }) => name), rows }
  return {
    kind: 'list',
    values: few.map(row =>
      columns.length === 1
        ? scalar(row[0]!)
        : Object.fromEntries(columns.map(({ name }, index) => [name, scalar(row[index]!)])),
    ),
  }
}

/** A number where it is written as one. */
function scalar(text: string): string | number {
  const number = Number(text)
  return text !== '' && Number.isSafeInteger(number) && String(number) === text ? number : text
}

/** Secrets in queries by name, as the template that stands for them; one value will do for all requests. */
function secretsOf(requests: readonly Parts[], variables: Variables): Map<string, string> {
  const found = new Map<string, string>()
  for (const { pairs } of requests) {
    for (const [name, value = ''] of pairs) {
      if (found.has(name) || !variables.isSecretField(name, value)) continue
      found.set(name, variables.field(name, value))
    }
  }
  return found
}
