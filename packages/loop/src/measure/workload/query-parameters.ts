/** Draws query strings from what OpenAPI says about a route's parameters, so that lists are read beyond their first page. */
import { type DescribedParameter, fillQuery, namesInQuery } from '@whetstone/load/import'
import { randomInteger } from '@whetstone/stats'
import type { Random } from '@whetstone/stats'

export type QueryDrawer = { readonly draw: () => string; readonly varies: boolean } | { readonly missing: string }

const PAGE = /^(page|pageNumber|page_number|p)$/i
const OFFSET = /^(offset|skip|start|from)$/i
const LIMIT = /^(limit|size|per_?page|page_?size|first|take|count)$/i
/** Pages tried where nothing tells how many there are. */
const ASSUMED_PAGES = 10
const ASSUMED_LIMIT = 20

/** `total` is the number of items the list said it has, if it did. A required parameter without any value makes it `missing`. */
export function queryDrawer(
  parameters: readonly DescribedParameter[],
  total: number | undefined,
  random: Random,
): QueryDrawer {
  const draws: (() => [string, string])[] = []
  const query = parameters.filter(parameter => parameter.in === 'query')
  const limit = sizeOfPage(query)
  for (const parameter of query) {
    const draw = drawerOf(parameter, total, limit, random)
    if (draw !== undefined) draws.push(() => [parameter.name, draw()])
    else if (parameter.required) return { missing: parameter.name }
  }
  return {
    varies: query.length > 0,
    draw: () => {
      const drawn = new URLSearchParams(draws.map(draw => draw())).toString()
      return drawn === '' ? '' : `?${drawn}`
    },
  }
}

/** Of a query that was typed: as it is, or with one of the values given for each of its names. */
export function typedQueryDrawer(
  query: string,
  ids: Readonly<Record<string, readonly string[]>>,
  random: Random,
): QueryDrawer {
  const names = namesInQuery(query)
  if (names === undefined) return { draw: () => query, varies: false }
  const missing = names.find(name => (ids[name] ?? []).length === 0)
  if (missing !== undefined) return { missing }
  const valueOf = (name: string) => ids[name]![randomInteger(random, ids[name]!.length)]!
  return { draw: () => fillQuery(query, valueOf), varies: true }
}

function drawerOf(
  parameter: DescribedParameter,
  total: number | undefined,
  limit: number,
  random: Random,
): (() => string) | undefined {
  const { name, values, minimum, maximum } = parameter
  const pages = total === undefined ? ASSUMED_PAGES : Math.max(1, Math.ceil(total / limit))
  const between = (low: number, high: number) => () => String(low + randomInteger(random, Math.max(1, high - low + 1)))
  if (PAGE.test(name)) return between(minimum ?? 1, Math.min(maximum ?? Infinity, (minimum ?? 1) + pages - 1))
  if (OFFSET.test(name)) {
    const draw = between(0, Math.min(maximum ?? Infinity, pages - 1))
    return () => String((minimum ?? 0) + Number(draw()) * limit)
  }
  if (LIMIT.test(name)) return () => String(limit)
  if (values.length > 0) return () => values[randomInteger(random, values.length)]!
  if (!parameter.required) return undefined
  if (parameter.type === 'boolean') return () => (random() < 0.5 ? 'true' : 'false')
  if (minimum !== undefined && maximum !== undefined) return between(minimum, maximum)
  return undefined
}

/** What the document calls an ordinary page: an example or default of the limit, else 20 within its bounds. */
function sizeOfPage(parameters: readonly DescribedParameter[]): number {
  const parameter = parameters.find(({ name }) => LIMIT.test(name))
  const given = Number(parameter?.values[0])
  if (Number.isInteger(given) && given > 0) return given
  return Math.max(parameter?.minimum ?? 1, Math.min(ASSUMED_LIMIT, parameter?.maximum ?? ASSUMED_LIMIT))
}

/** The number of items a list says it has in all, in its body or its X-Total-Count header. */
export function totalOfList(body: string, headers: Readonly<Record<string, string>>): number | undefined {
  const header = Number(headers['x-total-count'])
  if (headers['x-total-count'] !== undefined && Number.isInteger(header)) return header
  // The body may be cut or large; the figure is all that is wanted of it.
  const match = /"(?:total|totalCount|total_count|totalItems|total_items|count)"\s*:\s*(\d{1,12})\b/.exec(body)
  return match === null ? undefined : Number(match[1])
}
