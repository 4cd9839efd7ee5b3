import { expect, it } from 'vitest'
import { faultsOf } from './plain-code.ts'

it('finds nothing wrong with plain code', () => {
  expect(
    faultsOf(`import { LRUCache } from 'lru-cache'
const kept = new LRUCache({ max: 9 }) // at the top of the module
export const valueOf = id => kept.get(id)
await redis.set(key, value).catch(() => {})`),
  ).toEqual([])
})
it.each([
  ['const flights = new Map<string, Promise<unknown>>() // at the top of the module', /is no JavaScript/],
  ['export const valueOf = (id: number) => load(id)', /is no JavaScript/],
  ['await redis.del(key)', /fails with its cache/],
  ['const flights = new Map()', /top of the module/],
])('refuses %s', (code, fault) => {
  expect(faultsOf(code)).toEqual([expect.stringMatching(fault)])
})
