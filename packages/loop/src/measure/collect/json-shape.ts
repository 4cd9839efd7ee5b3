/** The outline of a JSON answer: enough to say "a list of 5,000 under `results`", nothing of what was in it. */
import type { JsonShape } from '@whetstone/model'

/** Keys kept of one item; wider objects are cut. */
const KEYS_KEPT = 64

/** `undefined` when the text is not JSON. */
export function jsonShapeOf(text: string): JsonShape | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', keys: [] }
  if (Array.isArray(value))
    return { kind: 'array', items: value.length, ...nestedIn(value, value.length), keys: keysOf(value[0]) }
  const lists = longestLists(value)
  const longest = lists && lists.toSorted((a, b) => b.items.length - a.items.length)[0]
  if (!lists || !longest) return { kind: 'object', keys: keysOf(value) }
  const items = lists.reduce((sum, list) => sum + list.items.length, 0)
  const { key, items: first } = longest
  return { kind: 'object', items, itemsKey: key, ...nestedIn(value, items), keys: keysOf(first[0]) }
}

interface List {
  readonly key: string
  readonly items: readonly unknown[]
}

/** Lists one level down, those of one kind of item together: a list that was grouped by some key is still one list. */
function longestLists(value: object): readonly List[] | undefined {
  const kinds = new Map<string, List[]>()
  for (const [key, items] of Object.entries(value) as [string, unknown][]) {
    if (!Array.isArray(items)) continue
    const keys = keysOf(items[0])
    // Lists of plain values show nothing by which two of them belong together.
    const kind = keys.length === 0 ? `list ${key}` : `item ${keys.toSorted().join(' ')}`
    kinds.set(kind, [...(kinds.get(kind) ?? []), { key, items }])
  }
  const lengthOf = (lists: readonly List[]) => lists.reduce((sum, { items }) => sum + items.length, 0)
  return [...kinds.values()].toSorted((a, b) => lengthOf(b) - lengthOf(a))[0]
}

/** Told only where there are more than the items themselves. */
function nestedIn(value: object, items: number): Pick<JsonShape, 'objects'> {
  const objects = objectsInLists(value)
  return objects > items ? { objects } : {}
}

/** With a stack of its own: a body may be nested deeper than calls may be. */
function objectsInLists(value: object): number {
  let objects = 0
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next !== 'object' || next === null) continue
    const isList = Array.isArray(next)
    for (const inner of Object.values(next)) {
      if (typeof inner !== 'object' || inner === null) continue
      if (isList && !Array.isArray(inner)) objects++
      left.push(inner)
    }
  }
  return objects
}

function keysOf(item: unknown): string[] {
  return typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.keys(item).slice(0, KEYS_KEPT) : []
}
