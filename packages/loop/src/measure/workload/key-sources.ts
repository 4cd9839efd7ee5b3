/** Where the values of a path parameter can come from, in the order they are tried. */
import type { PlannedRequest } from '@whetstone/model'
import { type DescribedParameter, fillPattern, type PatternParameter } from '@whetstone/load/import'
import type { SendRequest } from './http-client.ts'
import { idsInList } from './list-ids.ts'
import { tableNamesOf } from './table-names.ts'

/**
 * Keys over the whole range of a table, as text. `column` is undefined for the primary key. Resolves with `undefined` when
 * there is no such table or column.
 */
export type SampleKeys = (
  table: string,
  column: string | undefined,
  count: number,
) => Promise<readonly string[] | undefined>

export interface KeySources {
  readonly ids: Readonly<Record<string, readonly string[]>>
  readonly described: readonly DescribedParameter[]
  readonly sampleKeys?: SampleKeys
  readonly send: SendRequest
  readonly headers: Readonly<Record<string, string>>
  readonly count: number
}

/** Keys found in one place, and how to name that place to the user. */
export interface FoundKeys {
  readonly from: string
  readonly keys: readonly string[]
}

/** Lists asked for the keys below them, one for each of so many parents. */
const MAX_PARENTS = 12

/**
 * Values for the parameter at `index`, from each place that has some, best first. The database comes before lists: a list
 * shows its first page only, and keys must cover the whole range or a missing index stays hidden.
 */
export async function* keysFor(
  pattern: string,
  parameter: PatternParameter,
  parents: readonly (readonly string[])[],
  sources: KeySources,
): AsyncGenerator<FoundKeys & { readonly tuples?: readonly (readonly string[])[] }> {
  const given = sources.ids[parameter.resource] ?? sources.ids[parameter.name]
  if (given !== undefined && given.length > 0) return yield { from: '--ids', keys: given }
  const nested = parents.some(parent => parent.length > 0)
  // Below a parent only the parent's own list knows which pairs belong together.
  if (nested) yield* fromLists(pattern, parameter, parents, sources)
  yield* fromDatabase(parameter, sources)
  if (!nested) yield* fromLists(pattern, parameter, parents, sources)
  const inPath = sources.described.filter(one => one.in === 'path')
  // Where there is only one, a framework may well call it by another name than the document does.
  const described = inPath.find(({ name }) => name === parameter.name) ?? (inPath.length === 1 ? inPath[0] : undefined)
  if (described !== undefined && described.values.length > 0) yield { from: 'OpenAPI examples', keys: described.values }
}

async function* fromDatabase(
  parameter: PatternParameter,
  { sampleKeys, count }: KeySources,
): AsyncGenerator<FoundKeys> {
  if (sampleKeys === undefined) return
  const column = columnOf(parameter.name)
  for (const table of tableNamesOf(parameter.resource, parameter.name)) {
    const keys = await sampleKeys(table, column, count)
    if (keys === undefined || keys.length === 0) continue
    yield { from: `table ${table}`, keys }
    // Asked for only where the service knew none of the primary keys.
    for (const publicName of column === undefined ? publicKeys : []) {
      const others = await sampleKeys(table, publicName, count)
      if (others !== undefined && others.length > 0) yield { from: `${publicName} of table ${table}`, keys: others }
    }
    return
  }
}

/** What services show instead of a primary key, `:id` or not; Strapi 5 calls it a document id. */
const publicKeys = ['document_id', 'uuid', 'public_id', 'guid', 'slug']

async function* fromLists(
  pattern: string,
  parameter: PatternParameter,
  parents: readonly (readonly string[])[],
  { send, headers }: KeySources,
): AsyncGenerator<FoundKeys & { readonly tuples: readonly (readonly string[])[] }> {
  const path = pattern.slice(0, parameter.prefix.length) || '/'
  const tuples: string[][] = []
  for (const parent of parents.slice(0, MAX_PARENTS)) {
    const request: PlannedRequest = { method: 'GET', path: fillPattern(path, parent), headers }
    const reply = await send(request)
    if (reply.failed !== undefined || reply.status >= 400) continue
    for (const id of idsInList(reply.body, parameter.name, parameter.resource)) tuples.push([...parent, id])
  }
  if (tuples.length > 0) yield { from: `GET ${path}`, keys: tuples.map(tuple => tuple.at(-1)!), tuples }
}

/** `id`, `orderId` and `order_id` are the primary key; `slug` and `sku` are columns of that name. */
function columnOf(parameter: string): string | undefined {
  return /(^|_)(id|key)$|Id$|ID$/.test(parameter) ? undefined : parameter
}
