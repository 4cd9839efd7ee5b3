import { expect, test } from 'vitest'
import { bodyTag, cacheTags, isNotModified, namesTag, versionTag } from './index.ts'
import { directivesOf, secondsIn } from './directives.ts'
import { tagsOf } from './tags.ts'

test.each([
  ['"a"', '"a"', true],
  ['W/"a"', '"a"', true],
  ['"a"', 'W/"a"', true],
  ['"b", W/"a" ,"c"', '"a"', true],
  ['*', '"a"', true],
  [' * ', '"a"', true],
  ['"with, comma", "a"', '"a"', true],
  ['"b"', '"a"', false],
  ['a', '"a"', false],
  ['"x"a"', '"a"', false],
  ['"a', '"a"', false],
  ['', '"a"', false],
  ['w/"a"', '"a"', false],
])('If-None-Match %s names %s: %s', (header, tag, names) => expect(namesTag(header, tag)).toBe(names))

test('If-None-Match decides alone where it is there', () => {
  const answer = { etag: '"a"', 'last-modified': 'Sat, 01 Nov 2025 10:00:00 GMT' }
  const since = { 'if-modified-since': 'Sun, 02 Nov 2025 10:00:00 GMT' }
  expect(isNotModified('GET', since, 200, answer)).toBe(true)
  expect(isNotModified('GET', { ...since, 'if-none-match': '"b"' }, 200, answer)).toBe(false)
  expect(isNotModified('GET', { 'if-none-match': '"a"' }, 200, {})).toBe(false)
  expect(isNotModified('POST', { 'if-none-match': '"a"' }, 200, answer)).toBe(false)
  expect(isNotModified('GET', { 'if-none-match': '"a"' }, 201, answer)).toBe(false)
})

test('tags differ where the content or a version does', () => {
  expect(bodyTag('a')).toMatch(/^W\/"[\w-]{22}"$/)
  expect(bodyTag('a', 'strong')).toBe(bodyTag('a').slice(2))
  expect(bodyTag('a')).not.toBe(bodyTag('b'))
  expect(versionTag(1, 23)).not.toBe(versionTag(12, 3))
  expect(versionTag(new Date(5))).toBe(versionTag(new Date(5)))
  expect(() => versionTag()).toThrow(RangeError)
})

test('Cache-Control is read as strictly as it may be meant', () => {
  const read = directivesOf('Max-Age=60, private="a, b", no-cache , max-age=90,,x="y z"')
  expect(Object.fromEntries(read)).toEqual({ 'max-age': '60', private: 'a, b', 'no-cache': true, x: 'y z' })
  expect(secondsIn(directivesOf('max-age="60"'), 'max-age')).toBe(60)
  expect(secondsIn(directivesOf('max-age=1e9'), 'max-age')).toBe(0)
  expect(secondsIn(directivesOf('max-age'), 'max-age')).toBe(0)
  expect(secondsIn(directivesOf('public'), 'max-age')).toBeUndefined()
})

test('tags go out in both headers, and come back from either', () => {
  expect(tagsOf(cacheTags('a', 'b:1'))).toEqual(['a', 'b:1'])
  expect(tagsOf({ 'cache-tag': 'a, b' })).toEqual(['a', 'b'])
  expect(tagsOf({ 'surrogate-key': 'a  b *' })).toEqual(['a', 'b'])
  for (const wrong of ['', 'a b', 'a,b', '*', 'ü', 'x'.repeat(1_025)])
    expect(() => cacheTags(wrong)).toThrow(RangeError)
})
