/** Secrets out of a whole value before it is written or printed: every string, and whatever a name says is a secret. */
import { maskSecrets } from './mask.ts'

const secretNames = /^(?:set-cookie|cookie|(?:proxy-)?authorization)$|passw|secret|token$|api[-_]?key/i

/** A copy; numbers, shapes and strings without secrets stay as they are. */
export function maskedDeep<T>(value: T): T {
  return mask(value, '') as T
}

function mask(value: unknown, name: string): unknown {
  if (typeof value === 'string') return secretNames.test(name) ? '***' : maskSecrets(value)
  if (Array.isArray(value)) return value.map(item => mask(item, name))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mask(item, key)]))
}
