/** What people type on the command line. */
import { describe, expect, it } from 'vitest'
import { readHeaderLine, readRequestLine, readRouteLine } from './request-line.ts'

describe('readRouteLine', () => {
  it.each<[string, object]>([
    [
      'GET /orders',
      { method: 'GET', pattern: '/orders', weight: 1, requests: [{ method: 'GET', path: '/orders', headers: {} }] },
    ],
    ['/orders', { method: 'GET', pattern: '/orders' }],
    ['head /orders 2.5', { method: 'HEAD', pattern: '/orders', weight: 2.5 }],
    [
      'GET /orders?limit=20&at=12:30 3',
      {
        pattern: '/orders',
        query: '?limit=20&at=12:30',
        weight: 3,
        requests: [{ method: 'GET', path: '/orders?limit=20&at=12:30', headers: {} }],
      },
    ],
    ['GET /orders?limit=20&q=:term', { pattern: '/orders', query: '?limit=20&q=:term', requests: [] }],
    ['GET /orders/:id?full=1', { pattern: '/orders/:id', query: '?full=1', requests: [] }],
    ['GET /orders/{id}', { pattern: '/orders/:id', requests: [] }],
  ])('%s', (line, expected) => {
    expect(readRouteLine(line)).toMatchObject(expected)
  })

  it.each(['', 'orders', 'GET orders', 'FETCH /orders', 'GET /orders often', 'GET /a b c', 'GET //other.test/x'])(
    'refuses %j',
    line => {
      expect(() => readRouteLine(line)).toThrow(
        expect.objectContaining({ code: 'WHET_ROUTE', message: `cannot read the route ${JSON.stringify(line)}` }),
      )
    },
  )
})

describe('readRequestLine', () => {
  it('takes the body as it is and marks the request safe', () => {
    expect(readRequestLine('POST /search {"text": "a b"}')).toMatchObject({
      method: 'POST',
      pattern: '/search',
      markedSafe: true,
      requests: [
        { method: 'POST', path: '/search', headers: { 'content-type': 'application/json' }, body: '{"text": "a b"}' },
      ],
    })
  })

  it.each([
    ['PSOT /login?pin=4711 {"pin":"4711"}', 'cannot read the --login "PSOT /login …"'],
    ['POST//login {"pin":"4711"}', 'cannot read the --login (it begins with neither a method nor a path)'],
    ['{"pin":"4711"}', 'cannot read the --login (it begins with neither a method nor a path)'],
    ['POST {"pin":"4711"}', 'cannot read the --login "POST …"'],
    ['hunter4711', 'cannot read the --login (it begins with neither a method nor a path)'],
  ])('refuses %j without showing what may be secret', (line, message) => {
    expect(() => readRequestLine(line, '--login')).toThrow(expect.objectContaining({ code: 'WHET_REQUEST', message }))
  })

  it('knows a form from JSON', () => {
    expect(readRequestLine('POST /login user=ada&password=x').requests[0]?.headers).toEqual({
      'content-type': 'application/x-www-form-urlencoded',
    })
  })

  it('names a GraphQL request by its operation', () => {
    expect(readRequestLine('POST /graphql {"query":"query Top { a }"}').operation).toBe('Top')
  })
})

describe('readHeaderLine', () => {
  it.each([
    ['X-App-Id: shop', ['x-app-id', 'shop']],
    ['authorization:Bearer a:b', ['authorization', 'Bearer a:b']],
    ['x-empty:', ['x-empty', '']],
  ])('%s', (line, expected) => {
    expect(readHeaderLine(line)).toEqual(expected)
  })

  it('refuses a line without a name, and never shows a value that may be secret', () => {
    expect(() => readHeaderLine('authorization Bearer')).toThrow('cannot read the header "authorization Bearer"')
    expect(() => readHeaderLine('bad name: secret')).toThrow(
      expect.objectContaining({ message: 'cannot read the header "bad name"' }),
    )
  })
})
