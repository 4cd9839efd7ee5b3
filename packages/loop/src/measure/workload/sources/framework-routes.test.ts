/** Routes as frameworks register them. */
import { describe, expect, it } from 'vitest'
import { readFrameworkRoutes } from './framework-routes.ts'

describe('readFrameworkRoutes', () => {
  it('leaves out what would measure the same code twice', () => {
    const routes = [
      { method: 'GET', pattern: '/a' },
      { method: 'HEAD', pattern: '/a' },
      { method: 'HEAD', pattern: '/only-head' },
      { method: 'OPTIONS', pattern: '/a' },
      { method: 'ALL', pattern: '/any' },
      { method: 'GET,POST', pattern: '/both' },
      { method: 'GET', pattern: '/static/*' },
      { method: 'OPTIONS', pattern: '*' },
    ]
    const { candidates, unreadable } = readFrameworkRoutes(routes)
    expect(candidates.map(({ method, pattern }) => `${method} ${pattern}`)).toEqual([
      'GET /a',
      'HEAD /only-head',
      'GET /any',
      'GET /both',
      'POST /both',
    ])
    expect(unreadable).toEqual([{ method: 'GET', pattern: '/static/*' }])
  })
})
