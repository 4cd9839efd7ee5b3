import type { CacheClient } from '@whetstone/model'
import { describe, expect, it, test } from 'vitest'
import { addressOf, cacheUrls } from './addresses.ts'

describe('the address of a cache', () => {
  it('is told by its URL, with what is not said filled in', () => {
    expect(addressOf('redis://cache.example.org')).toEqual({
      host: 'cache.example.org',
      port: 6_379,
      isTls: false,
      isMemcached: false,
      isLocal: false,
      database: 0,
    })
    expect(addressOf('rediss://ada:b%40c@[::1]:7000/3')).toEqual({
      host: '::1',
      port: 7_000,
      isTls: true,
      isMemcached: false,
      isLocal: true,
      username: 'ada',
      password: 'b@c',
      database: 3,
    })
    expect(addressOf('memcached://127.0.0.1')).toMatchObject({ port: 11_211, isMemcached: true, isLocal: true })
  })

  test.for(['redis://localhost', 'redis://127.9.9.9', 'redis:///2', 'redis://[::1]'])('%s is this machine', url => {
    expect(addressOf(url).isLocal).toBe(true)
  })

  test.for(['redis://127.0.0.1.example.org', 'redis://localhost.example.org', 'redis://10.0.0.1'])(
    '%s is another machine',
    url => {
      expect(addressOf(url).isLocal).toBe(false)
    },
  )

  test.for(['postgres://127.0.0.1', '127.0.0.1:6379', ''])('%s is none', url => {
    expect(() => addressOf(url)).toThrow('no URL of a cache')
  })
})

describe('which servers are read', () => {
  const client: CacheClient = {
    driver: 'ioredis',
    mode: 'single',
    host: '127.0.0.1',
    port: 6_379,
    clients: 1,
    connects: 1,
    queuedOffline: 0,
    offlineQueue: true,
  }
  it('the one that was named, and no other', () => {
    expect(cacheUrls('redis://cache.example.org', [{ clientId: 0, client }])).toEqual(['redis://cache.example.org'])
  })

  it('else those on this machine that the service connects to, each once, as the service does', () => {
    const seen = [
      { clientId: 0, client },
      { clientId: 1, client: { ...client, host: 'localhost', database: 2 }, username: 'a', password: 'b@c' },
      { clientId: 2, client: { ...client, host: 'cache.example.org' } },
      { clientId: 3, client: { ...client, driver: 'memjs' as const, port: 11_211 } },
      { clientId: 4, client: { ...client, host: '/run/redis.sock' } },
    ]
    expect(cacheUrls(undefined, seen)).toEqual(['redis://a:b%40c@localhost:6379/2', 'memcached://127.0.0.1:11211'])
  })
})
