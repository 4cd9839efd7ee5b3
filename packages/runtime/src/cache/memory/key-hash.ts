/** 32 well mixed bits of a key, for policies that remember keys they no longer hold. */
import type { Identity } from '../../batch/identity.ts'

export function keyHash(key: Identity): number {
  switch (typeof key) {
    case 'number':
      // Beyond 32 bits the upper ones are folded in; fractions of one whole share a hash, which costs a guess, not an answer.
      return finish(Math.trunc(key / 2 ** 32) ^ Math.imul(key | 0, 0x9e3779b1))
    case 'string':
      return ofText(key)
    default:
      return ofText(String(key))
  }
}

/** FNV-1a over UTF-16 units, with the last mixing of MurmurHash3. */
function ofText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return finish(hash)
}

function finish(mixed: number): number {
  let hash = mixed ^ (mixed >>> 16)
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
