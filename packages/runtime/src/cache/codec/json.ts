/** JSON that gives back what it was given: dates, big integers and bytes too, and a refusal where it could not. */
import type { Codec } from './codec.ts'

/** Deeper is circular, or as good as that. */
const deepest = 500
const tagMark = '$'
const anyTag = `"${tagMark}`

const tags = {
  $date: (text: unknown) => new Date(text === null ? Number.NaN : (text as string)),
  $bigint: (text: unknown) => BigInt(text as string),
  // `NaN`, `Infinity`, `-Infinity` and `-0`, of which JSON would make null, null, null and 0.
  $number: (text: unknown) => Number(text),
  $bytes: (text: unknown) => new Uint8Array(Buffer.from(text as string, 'base64')),
} satisfies Readonly<Record<string, (text: unknown) => unknown>>

/**
 * Readable in any language and by any tool. Plain objects, arrays, strings, numbers, booleans and null as everywhere; `Date`, `bigint`,
 * `Uint8Array` (a `Buffer` comes back as that) and the numbers JSON has not as `{"$date": …}`, `{"$bigint": …}`, `{"$bytes": …}` and
 * `{"$number": …}`; keys of your own that begin with `$` get a second one. A property that is `undefined` is left out. Everything else (a
 * `Map`, an instance of a class, a function, `undefined` in an array) is refused with a TypeError that names its place, rather than read
 * back as something else.
 */
export const jsonCodec: Codec = {
  id: 0,
  encode: value => Buffer.from(JSON.stringify(tagged(value, '', 0))),
  decode(bytes) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
    const value: unknown = JSON.parse(text)
    return text.includes(anyTag) ? untagged(value) : value
  },
}

/** The value itself where JSON says all of it, which is nearly always. */
function tagged(value: unknown, path: string, depth: number): unknown {
  if (depth > deepest) throw new TypeError(`JSON cannot keep ${path.slice(0, 40)}…: it is circular or too deep`)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : `${value}` }
    case 'bigint':
      return { $bigint: `${value}` }
    case 'object':
      if (value === null) return value
      if (Array.isArray(value)) return taggedArray(value, path, depth)
      if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() }
      if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
      return taggedObject(value, path, depth)
    default:
      throw refusal(typeof value, path)
  }
}

function taggedArray(array: readonly unknown[], path: string, depth: number): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let index = 0; index < array.length; index++) {
    const element = tagged(array[index], `${path}[${index}]`, depth + 1)
    if (element !== array[index]) (copy ??= array.slice())[index] = element
  }
  return copy ?? array
}

function taggedObject(object: object, path: string, depth: number): object {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== Object.prototype && prototype !== null)
    throw refusal(`an instance of ${object.constructor?.name ?? 'a class'}`, path)
  let changed = false
  const entries: [string, unknown][] = []
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue
    const isMarked = name.startsWith(tagMark)
    const entry = tagged(value, `${path}.${name}`, depth + 1)
    changed ||= isMarked || entry !== value
    entries.push([isMarked ? tagMark + name : name, entry])
  }
  return changed ? Object.fromEntries(entries) : object
}

function untagged(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = untagged(value[index])
    return value
  }
  const entries = Object.entries(value)
  const [first] = entries
  if (entries.length === 1 && Object.hasOwn(tags, first![0])) return tags[first![0] as keyof typeof tags](first![1])
  return Object.fromEntries(
    entries.map(([name, entry]) => [name.startsWith(tagMark) ? name.slice(1) : name, untagged(entry)]),
  )
}

function refusal(what: string, path: string): TypeError {
  return new TypeError(`JSON cannot keep ${what} at ${path || 'the top'}: make it plain, or take the codec of v8`)
}
