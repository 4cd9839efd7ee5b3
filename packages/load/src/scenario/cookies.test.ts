/** The jar of one user: what it keeps, sends and forgets. */
import { describe, expect, it } from 'vitest'
import { CookieJar } from './cookies.ts'

const NOW = Date.UTC(2026, 0, 1)

function jar(lines: readonly string[], path = '/'): CookieJar {
  const made = new CookieJar()
  made.store(lines.map(line => `X-Other: a\r\nSet-Cookie: ${line}\r\n`).join(''), path, NOW)
  return made
}

describe('CookieJar', () => {
  it('sends what it was given, and a new value instead of an old one', () => {
    const own = jar(['a=1; Path=/', 'b=x=y; Path=/; HttpOnly; SameSite=Lax'])
    own.store('set-cookie:a=2;path=/\r\n', '/', NOW)
    expect(own.header('/deep/path', NOW)).toBe('b=x=y; a=2')
    expect(own.get('a')).toBe('2')
    expect(own.get('c')).toBeUndefined()
  })

  it.each([
    ['/', ['/', '/a', '/ab', '/a/b', '/b']],
    ['/a', ['/a', '/a/b']],
    ['/a/', ['/a/b']],
  ])('keeps a cookie of path %s to it', (path, sent) => {
    const own = jar([`c=1; Path=${path}`])
    expect(['/', '/a', '/ab', '/a/b', '/b'].filter(at => own.header(at, NOW) !== '')).toEqual(sent)
  })

  it('takes the folder of the request for the path where none is given, and sends longer paths first', () => {
    const own = jar(['here=1', 'bad-path=2; path=x'], '/shop/items?page=1')
    own.store('set-cookie: top=3; path=/\r\n', '/', NOW)
    expect(own.header('/shop/other', NOW)).toBe('here=1; bad-path=2; top=3')
    expect(own.header('/', NOW)).toBe('top=3')
  })

  it('forgets a cookie when its time has come or the server takes it back', () => {
    const later = new Date(NOW + 5_000).toUTCString()
    const own = jar([
      `a=1; Path=/; Expires=${later}`,
      'b=2; Path=/; Max-Age=10',
      `c=3; Path=/; Max-Age=20; Expires=${later}`,
    ])
    expect(own.header('/', NOW + 4_000)).toBe('a=1; b=2; c=3')
    expect(own.header('/', NOW + 6_000)).toBe('b=2; c=3')
    expect(own.header('/', NOW + 20_000)).toBe('')
    own.store(
      'set-cookie: b=; path=/; max-age=-1\r\nset-cookie: c=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n',
      '/',
      NOW,
    )
    expect(own.header('/', NOW)).toBe('a=1')
  })

  it('leaves out what is no cookie, and never grows beyond fifty', () => {
    expect(jar(['nonsense', '=value', '']).header('/', NOW)).toBe('')
    const many = jar(Array.from({ length: 60 }, (_, index) => `c${index}=1; path=/`))
    expect(many.header('/', NOW).split('; ')).toHaveLength(50)
    expect(many.get('c59')).toBe('1')
  })
})
