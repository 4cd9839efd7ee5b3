/** Patterns of every dialect, and paths nobody declared. */
import { describe, expect, it } from 'vitest'
import { fillPattern, guessPattern, matchPattern, normalisePattern, parametersOf } from './route-pattern.ts'

describe('normalisePattern', () => {
  it.each([
    ['/orders/:id', '/orders/:id'],
    ['/orders/', '/orders'],
    ['/', '/'],
    ['', '/'],
    ['/orders/{orderId}/items/{item-id}', '/orders/:orderId/items/:item_id'],
    ['/orders/:id(\\d+)', '/orders/:id'],
    ['/orders/:id(^[0-9]{1,3}$)', '/orders/:id'],
    ['/orders/:id([0-9a-f]+(-[0-9a-f]+)*)', '/orders/:id'],
    ['/files/:name.json', '/files/:name.json'],
    ['/flights/:from-:to', '/flights/:from-:to'],
    ['/orders/:id?', '/orders'],
    ['/orders{/:id}', '/orders'],
    ['/static/*', undefined],
    ['/static/*splat', undefined],
    ['*', undefined],
    ['(.*)', undefined],
    ['/^\\/a(.*)$/', undefined],
  ])('%s is %s', (pattern, expected) => {
    expect(normalisePattern(pattern)).toBe(expected)
  })
})

describe('parametersOf', () => {
  it('knows the collection that each parameter is an item of', () => {
    expect(parametersOf('/api/customers/:id/orders/:orderId')).toEqual([
      { name: 'id', prefix: '/api/customers', resource: 'customers' },
      { name: 'orderId', prefix: '/api/customers/:id/orders', resource: 'orders' },
    ])
    expect(parametersOf('/:slug')).toEqual([{ name: 'slug', prefix: '', resource: '' }])
  })
})

describe('fillPattern', () => {
  it('escapes what would change the path', () => {
    expect(fillPattern('/a/:x/b/:y', ['1/2', 'ü?'])).toBe('/a/1%2F2/b/%C3%BC%3F')
  })
})

describe('matchPattern', () => {
  const patterns = ['/orders/:id', '/orders/latest', '/orders/:id/items', '/:page']
  it.each([
    ['/orders/5', '/orders/:id'],
    ['/orders/latest', '/orders/latest'],
    ['/orders/5/items', '/orders/:id/items'],
    ['/about', '/:page'],
    ['/orders/', undefined],
    ['/a/b/c/d', undefined],
  ])('%s fits %s', (path, expected) => {
    expect(matchPattern(path, patterns)).toBe(expected)
  })
})

describe('guessPattern', () => {
  it.each([
    ['/orders/1234', '/orders/:id'],
    ['/users/3f2b8c1e-9d4a-4f6b-8e2a-1c2d3e4f5a6b/posts/7', '/users/:id/posts/:id2'],
    ['/docs/507f1f77bcf86cd799439011', '/docs/:id'],
    ['/api/v2/customer-orders', '/api/v2/customer-orders'],
    ['/api/v1beta2/orders', '/api/v1beta2/orders'],
    ['/', '/'],
  ])('%s becomes %s', (path, expected) => {
    expect(guessPattern(path)).toBe(expected)
  })
})
