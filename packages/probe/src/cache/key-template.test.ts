import { describe, expect, test } from 'vitest'
import { collapsedTemplates, keyHash, keyTemplate, wordsKept } from './key-template.ts'

describe('the template of a key', () => {
  test.each([
    ['product:42', 'product:{n}'],
    ['user:42:orders:page:3', 'user:{n}:orders:page:{n}'],
    ['cache:v2:price/17', 'cache:v2:price/{n}'],
    ['session:9f86d081884c7d65', 'session:{id}'],
    ['order:3f0c9a2e-5b7d-4c1e-9b5e-0a1b2c3d4e5f', 'order:{id}'],
    ['reset:Ab3dEf6hIj9kLm', 'reset:{id}'],
    ['user:ann@example.org', 'user:{x}'],
    ['city:São Paulo', 'city:{x} Paulo'],
    ['{user1000}.following', '{x}.following'],
    ['page-3', 'page-{n}'],
    ['feature_flags', 'feature_flags'],
    ['search:?q=shoes&page=2', 'search:?q=shoes&page={n}'],
    ['rate:-1.5', 'rate:{n}'],
    ['', ''],
  ])('of %s is %s', (key, template) => {
    expect(keyTemplate(key)).toBe(template)
  })

  test('of a long word is no word', () => {
    expect(keyTemplate(`post:${'a'.repeat(40)}`)).toBe('post:{x}')
  })

  test('whose last word is one of many has none there', () => {
    const words = Array.from({ length: wordsKept + 1 }, (_, n) => `post:${'abcdefghijklmnopqrst'[n]}`)
    expect(new Set(collapsedTemplates(words).values())).toEqual(new Set(['post:{x}']))
    expect(collapsedTemplates(words.slice(1)).size).toBe(0)
    expect(collapsedTemplates(['a', 'b', 'product:{n}']).size).toBe(0)
  })

  test('and its hash is the same for the same key only', () => {
    expect(keyHash('product:1')).toBe(keyHash('product:1'))
    expect(keyHash('product:1')).not.toBe(keyHash('product:2'))
    expect(keyHash('product:1')).toMatch(/^[0-9a-f]{8}$/)
  })
})
