/** Templates: what is a name, and that no value breaks out of its place. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Place } from './template.ts'
import { filler, fixedText, MissingValue, parseTemplate, utf8AsLatin1, valueAt } from './template.ts'
import { VirtualUser } from './user.ts'

const fill = (template: string, place: Place, variables: Record<string, unknown>): string => {
  const user = new VirtualUser(0, undefined, () => {
    throw new Error('asks for nothing')
  })
  Object.assign(user.variables, variables)
  return filler(parseTemplate(template).map(part => (typeof part === 'string' ? part : valueAt(part, place))))(user)
}

describe('parseTemplate', () => {
  it.each([
    ['/a/{b}/{c.d[0].e-f}', ['/a/', ['b'], '/', ['c', 'd', '0', 'e-f']]],
    ['{+next}', [['next']]],
    ['{{a}} {b}', ['{a} ', ['b']]],
    ['{"a":{"b":1}} {} {1a} { a }', ['{"a":{"b":1}} {} {1a} { a }']],
    ['{{{a}}}', ['{{a}}']],
    ['', ['']],
  ])('reads %s', (text, parts) => {
    expect(parseTemplate(text).map(part => (typeof part === 'string' ? part : part.path))).toEqual(parts)
  })

  it('knows a text without names', () => {
    expect(fixedText(parseTemplate('a {{b}}'))).toBe('a {b}')
    expect(fixedText(parseTemplate('a {b}'))).toBeUndefined()
  })
})

describe('values in their places', () => {
  const anyText = fc.string({ unit: 'binary', maxLength: 30 })

  it('come back from a path and a query as they were', () => {
    fc.assert(
      fc.property(anyText, text => {
        const url = new URL(`http://x/${fill('{a}?q={a}', 'path', { a: text })}`)
        expect(url.searchParams.get('q')).toBe(text)
        // A URL reads `.` and `..` as steps, however they are escaped.
        if (!/^\.{1,2}$/.test(text)) expect(decodeURIComponent(url.pathname.slice(1))).toBe(text)
      }),
    )
  })

  it('come back from JSON as they were, inside a text and as a whole', () => {
    fc.assert(
      fc.property(anyText, fc.jsonValue(), (text, value) => {
        const inside = Buffer.from(fill('{"a":"x {t} y"}', 'json-text', { t: text }), 'latin1').toString('utf8')
        expect(JSON.parse(inside)).toEqual({ a: `x ${text} y` })
        if (value === null) return
        const whole = Buffer.from(fill('[{v},2]', 'json-value', { v: value }), 'latin1').toString('utf8')
        expect(JSON.parse(whole)).toEqual([JSON.parse(JSON.stringify(value)), 2])
      }),
    )
  })

  it('never end a header or a request line early', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom<Place>('header', 'path', 'form'), (text, place) => {
        try {
          // oxlint-disable-next-line no-control-regex -- what must not be there
          expect(fill('{a}', place, { a: text })).not.toMatch(/[\0\r\n]/)
        } catch (error) {
          if (!(error instanceof MissingValue)) throw error
          expect(text).toMatch(/[\0\r\n]/)
        }
      }),
    )
  })

  it('write one character for each byte', () => {
    expect(utf8AsLatin1('é€')).toBe('\u00c3\u00a9\u00e2\u0082\u00ac')
    expect(fill('{a}', 'text', { a: 'é' })).toHaveLength(2)
  })

  it('keep the delimiters of a piece of URL, and leave its origin away', () => {
    const next = (value: string) => fill('{+a}', 'path', { a: value })
    expect(next('https://shop.test:8/a%2Fb/ü?x=1&y=a b#part')).toBe('/a%2Fb/%C3%BC?x=1&y=a%20b')
    expect(next('/a?b=%')).toBe('/a?b=%25')
  })
})
