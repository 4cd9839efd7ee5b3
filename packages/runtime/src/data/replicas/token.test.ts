import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readToken, signToken } from './token.ts'

const keys = { keys: ['k'.repeat(32)], cluster: 'main' }
const position = { timeline: 3, lsn: 0x16_b374_d848 }

describe('a session token', () => {
  it('brings the position back until it expires', () => {
    const token = signToken(position, 2000, keys)
    expect(readToken(token, 1999, keys)).toEqual(position)
    expect(readToken(token, 2000, keys)).toBe('expired')
  })

  it('needs no quoting in a cookie or a header', () => {
    expect(signToken(position, 2000, keys)).toMatch(/^1\.3\.[0-9a-z]+\.1jk\.[\w-]{22}$/)
  })

  it('is refused when one character of it was changed', () => {
    const token = signToken(position, 2000, keys)
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('0', 'a', 'Z', '.', '-'), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1)
        // The last character of 16 bytes in base64url holds four bits that say nothing.
        fc.pre(changed !== token && at < token.length - 1)
        return ['malformed', 'forged'].includes(readToken(changed, 0, keys) as string)
      }),
    )
  })

  it('is refused under another key and by another cluster', () => {
    const token = signToken(position, 2000, keys)
    expect(readToken(token, 0, { ...keys, keys: ['x'.repeat(32)] })).toBe('forged')
    expect(readToken(token, 0, { ...keys, cluster: 'other' })).toBe('forged')
  })

  it('stays good while its key is among those that verify', () => {
    const token = signToken(position, 2000, keys)
    expect(readToken(token, 0, { ...keys, keys: ['x'.repeat(32), ...keys.keys] })).toEqual(position)
  })

  it.each(['', '1', 'null', '2.1.1.1.AAAAAAAAAAAAAAAAAAAAAA', '1.1.1.1.AAAA', `1.${'9'.repeat(40)}.1.1.A`])(
    'is none: %s',
    text => {
      expect(readToken(text, 0, keys)).toBe('malformed')
    },
  )
})
