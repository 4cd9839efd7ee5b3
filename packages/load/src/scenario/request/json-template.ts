/** A JSON body with `{names}` in its texts, as pieces of JSON text. */
import type { Part, Placeholder } from '../template.ts'
import { parseTemplate } from '../template.ts'

/** Fixed JSON text, or a value and whether it stands inside a text or is the whole value. */
export type JsonPiece = string | { readonly placeholder: Placeholder; readonly place: 'json-text' | 'json-value' }

/** A text that is nothing but one `{name}` becomes the value itself, with its type. Keys are taken as they are. */
export function jsonPieces(value: unknown): JsonPiece[] {
  // What `JSON.stringify` would leave out or turn into text (undefined, dates) is gone after this.
  return piecesOf(JSON.parse(JSON.stringify(value)) as unknown)
}

function piecesOf(value: unknown): JsonPiece[] {
  if (typeof value === 'string') return textPieces(parseTemplate(value))
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)]
  if (Array.isArray(value)) return ['[', ...separated(value.map(piecesOf)), ']']
  const members = Object.entries(value).map(([key, member]) => [`${JSON.stringify(key)}:`, ...piecesOf(member)])
  return ['{', ...separated(members), '}']
}

function textPieces(parts: readonly Part[]): JsonPiece[] {
  const [only] = parts
  if (parts.length === 1 && typeof only === 'object') return [{ placeholder: only, place: 'json-value' }]
  const inside = parts.map((part): JsonPiece =>
    typeof part === 'string' ? JSON.stringify(part).slice(1, -1) : { placeholder: part, place: 'json-text' },
  )
  return ['"', ...inside, '"']
}

function separated(groups: readonly JsonPiece[][]): JsonPiece[] {
  return groups.flatMap((group, index) => (index === 0 ? group : [',', ...group]))
}
