/** Finds the keys of the items in a list answer, so that the route for one item can be called with keys that exist. */
import { singularOf } from './table-names.ts'

/** Where lists sit inside an envelope, before any other array is considered. */
const ENVELOPES = ['results', 'data', 'items', 'rows', 'docs', 'records', 'content', 'list', 'nodes', 'edges', 'hits']

/**
 * Keys of the items in `body`, as text, without repeats, in their order. `parameter` is the name in the route (`id`, `slug`,
 * `orderId`), `resource` the path segment before it (`orders`). Empty when the body is no JSON list of things with keys.
 */
export function idsInList(body: string, parameter: string, resource: string): string[] {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return []
  }
  const items = listIn(json, resource)
  return [...new Set(items.flatMap(item => keyOf(item, parameter, resource) ?? []))]
}

function listIn(json: unknown, resource: string, depth = 0): readonly unknown[] {
  if (Array.isArray(json)) return json
  if (!isObject(json) || depth > 2) return []
  const inside: unknown[] = [resource, ...ENVELOPES].map(name => json[name]).filter(value => value !== undefined)
  for (const value of [...inside, ...Object.values(json)]) {
    const list = Array.isArray(value) ? value : []
    if (list.some(isObject) || (inside.includes(value) && list.length > 0)) return list
  }
  // `data: { orders: { edges: [...] } }`
  for (const value of [...inside, ...Object.values(json)]) {
    const list = isObject(value) ? listIn(value, resource, depth + 1) : []
    if (list.length > 0) return list
  }
  return []
}

function keyOf(item: unknown, parameter: string, resource: string): string | undefined {
  if (!isObject(item)) return keyText(item)
  const one = singularOf(resource)
  // `orderId` and `order_id` mean the order's own key, which its list calls `id`.
  const stem = parameter.replace(/_?(id|key|uuid)$/i, '')
  const own = stem === '' || stem.toLowerCase() === one.toLowerCase() || stem.toLowerCase() === resource.toLowerCase()
  const names = own
    ? [parameter, 'id', '_id', 'objectId', 'uuid', `${one}Id`, `${one}_id`, `${one}ID`, 'key', 'slug', 'code']
    : [parameter, snake(parameter), ...(/id$/i.test(parameter) ? ['id', '_id', 'objectId', 'uuid'] : [])]
  for (const name of names) {
    const key = keyText(item[name])
    if (key !== undefined) return key
  }
  return isObject(item.node) ? keyOf(item.node, parameter, resource) : undefined
}

function keyText(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  return typeof value === 'string' && value !== '' && value.length <= 200 ? value : undefined
}

function snake(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
