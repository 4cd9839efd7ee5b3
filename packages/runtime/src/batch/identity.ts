/** When two keys are one: numbers and strings by value, objects, lists and dates by what they hold. */
import { Fault } from '../fault.ts'

/** What a `Map` can hold a key under. */
export type Identity = string | number | bigint | boolean

// No text key starts so by chance: a list or an object never meets a string that looks like it.
const composed = '\u0000'

/**
 * Costs nothing for a primitive; an object costs its length, so give `identify` where keys are large.
 * @throws Fault `FAULT_BATCH_KEY` for null, undefined, a function or a symbol, which can be nobody's key.
 */
export function identityOf(key: unknown): Identity {
  switch (typeof key) {
    case 'number':
    case 'string':
    case 'bigint':
    case 'boolean':
      return key
    default:
      return composed + textOf(key)
  }
}

function textOf(part: unknown): string {
  if (part instanceof Date) return `d${part.getTime()}`
  if (part instanceof Uint8Array) return `x${Buffer.from(part).toString('hex')}`
  if (Array.isArray(part)) return `[${part.map(partText).join(',')}]`
  if (typeof part === 'object' && part !== null) {
    const fields = Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${partText(value)}`).join(',')}}`
  }
  throw new Fault('FAULT_BATCH_KEY', `${String(part)} cannot be a key of a batch`, {
    retryable: false,
    hint: 'keys are strings, numbers, dates, lists or plain objects of these; give `identify` for others',
  })
}

function partText(part: unknown): string {
  if (part === null) return 'null'
  switch (typeof part) {
    case 'string':
      return JSON.stringify(part)
    case 'bigint':
      return `${part}n`
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(part)
    default:
      return textOf(part)
  }
}
