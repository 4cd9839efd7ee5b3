import { expect, test } from 'vitest'
import { scoped, withRequestScope } from './request-scope.ts'

const seen = { make: () => [] as string[] }

test('requests side by side each see what is their own, across awaits', async () => {
  const request = (name: string) =>
    withRequestScope(async () => {
      scoped(seen)!.push(name)
      await Promise.resolve()
      scoped(seen)!.push(name)
      return scoped(seen)
    })
  expect(await Promise.all([request('a'), request('b')])).toEqual([
    ['a', 'a'],
    ['b', 'b'],
  ])
})

test('outside a request there is nothing, and a scope within has its own', () => {
  expect(scoped(seen)).toBeUndefined()
  withRequestScope(() => {
    scoped(seen)!.push('outer')
    withRequestScope(() => expect(scoped(seen)).toEqual([]))
    expect(scoped(seen)).toEqual(['outer'])
  })
})
