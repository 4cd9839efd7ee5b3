import { afterEach, describe, expect, it } from 'vitest'
import { serverOf } from './connect.ts'

describe('the server of a URL', () => {
  afterEach(() => void delete process.env['PGHOST'])

  it.each([
    ['postgres://app@127.0.0.1:5433/shop', { host: '127.0.0.1', port: 5_433, isLocal: true }],
    ['postgres://app@localhost/shop', { host: 'localhost', port: 5_432, isLocal: true }],
    ['postgres://app@[::1]:5432/shop', { host: '::1', port: 5_432, isLocal: true }],
    ['postgres:///shop?host=/var/run/postgresql', { host: '/var/run/postgresql', port: 5_432, isLocal: true }],
    ['postgres://app@db:5432/shop', { host: 'db', port: 5_432, isLocal: false }],
    ['postgres://app@127.0.0.1/shop?host=10.0.0.5', { host: '10.0.0.5', port: 5_432, isLocal: false }],
    ['postgres://127.example.org/shop', { host: '127.example.org', port: 5_432, isLocal: false }],
  ])('%s', (url, expected) => {
    expect(serverOf(url)).toMatchObject(expected)
  })

  it('is the one PGHOST names where the URL names none', () => {
    process.env['PGHOST'] = 'db.example.org'
    expect(serverOf('postgres:///shop')).toMatchObject({ host: 'db.example.org', isLocal: false })
  })
})
