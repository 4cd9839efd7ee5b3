/** The last value of keys that are read or set often, as it was, to tell whether the next is the same; a hash of a part of it would miss changes. */
const longestValue = 32_768
const bytesHeld = 4_194_304

let held = 0

export type Held = string | Buffer

/** Undefined: not text or bytes, too long, or no room. A part of a buffer would keep all of it. */
export function hold(value: unknown, before: Held | undefined): Held | undefined {
  held -= before?.length ?? 0
  if ((typeof value !== 'string' && !Buffer.isBuffer(value)) || value.length > longestValue) return undefined
  if (held + value.length > bytesHeld) return undefined
  held += value.length
  return typeof value === 'string' ? value : Buffer.from(value)
}

/** Undefined when they cannot be compared. */
export function isSame(one: Held | undefined, other: unknown): boolean | undefined {
  if (typeof one === 'string') return typeof other === 'string' ? one === other : undefined
  return one !== undefined && Buffer.isBuffer(other) ? one.equals(other) : undefined
}
