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
  if (Array.isArray(value)) return { kind: 'array', items: value.length, keys: keysOf(value[0]) }
  if (typeof value !== 'object' || value === null) return { kind: 'scalar', keys: [] }
  const longest = longestArray(value)
  if (!longest) return { kind: 'object', keys: keysOf(value) }
  return { kind: 'object', items: longest.items.length, itemsKey: longest.key, keys: keysOf(longest.items[0]) }
}

function longestArray(value: object): { key: string; items: readonly unknown[] } | undefined {
  let longest: { key: string; items: readonly unknown[] } | undefined
  for (const [key, items] of Object.entries(value) as [string, unknown][])
    if (Array.isArray(items) && items.length > (longest?.items.length ?? -1)) longest = { key, items }
  return longest
}

function keysOf(item: unknown): string[] {
  return typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.keys(item).slice(0, KEYS_KEPT) : []
}
