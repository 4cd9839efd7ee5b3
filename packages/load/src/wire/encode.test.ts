/** The bytes of a request, and that nothing a caller gives can break out of its place. */
import { describe, expect, it } from 'vitest'
import { encodeRequest } from './encode.ts'

const request = { method: 'GET', path: '/a?b=1', headers: {} }

describe('encodeRequest', () => {
  it('adds host and nothing else to a plain GET', () => {
    expect(encodeRequest(request, 'localhost:80')).toBe('GET /a?b=1 HTTP/1.1\r\nHost: localhost:80\r\n\r\n')
  })

  it('keeps a host that was given', () => {
    expect(encodeRequest({ ...request, headers: { host: 'shop.test' } }, 'x')).toBe(
      'GET /a?b=1 HTTP/1.1\r\nhost: shop.test\r\n\r\n',
    )
  })

  it('counts the bytes of a body, not its characters', () => {
    const encoded = encodeRequest({ ...request, method: 'POST', body: '"é€"' }, 'x')
    expect(encoded).toContain('\r\nContent-Length: 7\r\n\r\n')
    expect(Buffer.from(encoded.split('\r\n\r\n')[1]!, 'latin1').toString('utf8')).toBe('"é€"')
  })

  it('frames the body itself, whatever framing headers were given', () => {
    const headers = { 'Content-Length': '999', 'transfer-encoding': 'chunked' }
    expect(encodeRequest({ method: 'POST', path: '/', headers, body: 'hi' }, 'x')).toBe(
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi',
    )
  })

  it.each([
    ['a method with a space', { ...request, method: 'GET /x' }],
    ['a path with a space', { ...request, path: '/a b' }],
    ['a path with a line break', { ...request, path: '/a\r\nX: y' }],
    ['an empty path', { ...request, path: '' }],
    ['a header name with a colon', { ...request, headers: { 'a:b': 'c' } }],
    ['a header value with a line break', { ...request, headers: { a: 'b\r\nX: y' } }],
  ])('refuses %s', (_name, bad) => {
    expect(() => encodeRequest(bad, 'x')).toThrow(expect.objectContaining({ kind: 'bad-request' }))
  })
})
