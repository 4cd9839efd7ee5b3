import { afterEach, describe, expect, it, vi } from 'vitest'
import { assertNotProduction, assertThisMachine } from './safety.ts'

afterEach(() => void vi.unstubAllEnvs())

const foreign = (host: string) =>
  expect.objectContaining({ code: 'WHET_FOREIGN_HOST', hint: `If you may load it: --allow-host ${host}` }) as Error

describe('a service', () => {
  it.each(['http://localhost:3000', 'http://127.0.0.1', 'http://127.8.0.1:80/x', 'http://[::1]:3000'])(
    'at %s is on this machine',
    url => {
      expect(() => assertThisMachine(url, 'service', {})).not.toThrow()
    },
  )

  it('on another machine is loaded only by its name', () => {
    const url = 'http://shop.test:3000'
    expect(() => assertThisMachine(url, 'service', {})).toThrow(foreign('shop.test'))
    expect(() => assertThisMachine(url, 'service', { allowHost: 'other.test' })).toThrow(foreign('shop.test'))
    expect(() => assertThisMachine(url, 'service', { allowHost: 'shop.test' })).not.toThrow()
    expect(() => assertThisMachine('http://127.0.0.1.shop.test', 'service', {})).toThrow(foreign('127.0.0.1.shop.test'))
  })

  it('has a URL', () => {
    expect(() => assertThisMachine('shop', 'service', {})).toThrow(expect.objectContaining({ code: 'WHET_URL' }))
  })
})

describe('a database', () => {
  it.each([
    'postgres://app@localhost/shop',
    'postgres://app@127.0.0.1:5433/shop',
    'postgres:///shop',
    'postgres:///shop?host=/var/run/postgresql',
    'postgres://%2Fvar%2Frun%2Fpostgresql/shop',
  ])('at %s is on this machine', url => {
    expect(() => assertThisMachine(url, 'database', {})).not.toThrow()
  })

  it.each([
    ['by its name', 'postgres://app@db.test/shop', 'db.test'],
    ['by the query', 'postgres://127.0.0.1/shop?host=10.0.0.5', '10.0.0.5'],
    ['by the query alone', 'postgres:///shop?host=10.0.0.5', '10.0.0.5'],
  ])('on another machine %s is refused', (_way, url, host) => {
    expect(() => assertThisMachine(url, 'database', {})).toThrow(foreign(host))
    expect(() => assertThisMachine(url, 'database', { allowHost: '127.0.0.1' })).toThrow(foreign(host))
    expect(() => assertThisMachine(url, 'database', { allowHost: host })).not.toThrow()
  })

  it('on another machine by PGHOST is refused', () => {
    vi.stubEnv('PGHOST', 'db.test')
    expect(() => assertThisMachine('postgres:///shop', 'database', {})).toThrow(foreign('db.test'))
    expect(() => assertThisMachine('postgres://127.0.0.1/shop', 'database', {})).not.toThrow()
  })

  it('has a URL, whose password is not shown when it is none', () => {
    const url = 'postgres://app:hunter2@127.0.0.1/shop?sslcert=/no/such/file'
    expect(() => assertThisMachine(url, 'database', {})).toThrow(
      expect.objectContaining({ code: 'WHET_URL', message: expect.not.stringContaining('hunter2') as string }),
    )
    expect(() => assertThisMachine('shop', 'database', {})).toThrow(expect.objectContaining({ code: 'WHET_URL' }))
  })
})

describe('production', () => {
  it('is refused unless it is a copy of the user', () => {
    const context = { env: { NODE_ENV: 'production' } }
    expect(() => assertNotProduction({}, context)).toThrow(expect.objectContaining({ code: 'WHET_PRODUCTION' }))
    expect(() => assertNotProduction({ iOwnThis: true }, context)).not.toThrow()
    expect(() => assertNotProduction({}, { env: { NODE_ENV: 'test' } })).not.toThrow()
  })
})

describe('a cache', () => {
  it.each(['redis://localhost', 'rediss://:secret@127.0.0.1:6380/2', 'memcached://[::1]:11211'])(
    'at %s is on this machine',
    url => {
      expect(() => assertThisMachine(url, 'cache', {})).not.toThrow()
    },
  )

  it('on another machine is read only by its name', () => {
    expect(() => assertThisMachine('redis://cache.test', 'cache', {})).toThrow(foreign('cache.test'))
    expect(() => assertThisMachine('redis://cache.test', 'cache', { allowHost: 'cache.test' })).not.toThrow()
  })

  it('has a URL of its own kind', () => {
    for (const url of ['cache', 'http://127.0.0.1:6379', 'postgres://127.0.0.1/shop'])
      expect(() => assertThisMachine(url, 'cache', {})).toThrow(expect.objectContaining({ code: 'WHET_URL' }))
  })
})
