import { describe, expect, test } from 'vitest'
import { bytesOf, commandShape } from './commands.ts'

const nowMs = 1_700_000_000_000

describe('a command on keys', () => {
  test.each([
    ['get', ['a'], { name: 'GET', keys: ['a'], effect: 'read' }],
    ['MGET', [['a', 'b'], 'c'], { name: 'MGET', keys: ['a', 'b', 'c'], effect: 'read' }],
    ['hgetall', [Buffer.from('h')], { name: 'HGETALL', keys: ['h'], effect: 'read' }],
    ['set', ['a', '1'], { name: 'SET', keys: ['a'], effect: 'set', values: ['1'], ttlMs: undefined }],
    ['set', ['a', '1', 'EX', '60'], { name: 'SET', keys: ['a'], effect: 'set', values: ['1'], ttlMs: 60_000 }],
    ['set', ['a', '1', 'px', 500, 'XX'], { name: 'SET', keys: ['a'], effect: 'set', values: ['1'], ttlMs: 500 }],
    ['setex', ['a', 60, '1'], { name: 'SETEX', keys: ['a'], effect: 'set', values: ['1'], ttlMs: 60_000 }],
    ['mset', ['a', '1', 'b', '2'], { name: 'MSET', keys: ['a', 'b'], effect: 'set', values: ['1', '2'] }],
    ['expire', ['a', '60'], { name: 'EXPIRE', keys: ['a'], effect: 'expire', ttlMs: 60_000 }],
    ['pexpireat', ['a', nowMs + 59_600], { name: 'PEXPIREAT', keys: ['a'], effect: 'expire', ttlMs: 60_000 }],
    ['unlink', ['a', 'b'], { name: 'UNLINK', keys: ['a', 'b'], effect: 'delete' }],
    ['evalsha', ['sha', '2', 'a', 'b', 'argument'], { name: 'EVALSHA', keys: ['a', 'b'], effect: 'none' }],
    ['publish', ['changes', '{}'], { name: 'PUBLISH', keys: ['changes'], effect: 'none' }],
  ])('%s %j is told by what it does', (name, args, shape) => {
    expect(commandShape(name, args, nowMs)).toEqual(shape)
  })

  test('that takes a lock stores nothing for whoever comes second', () => {
    expect(commandShape('set', ['lock:1', 'me', 'NX', 'PX', '1000'], nowMs)).toMatchObject({ effect: 'none' })
  })

  test.each(['auth', 'HELLO', 'client', 'info', 'subscribe', 'multi', 'exec', 'select'])('is not %s', name => {
    expect(commandShape(name, ['secret'], nowMs)).toBeUndefined()
  })

  test('has at most a hundred keys that are looked at', () => {
    const keys = Array.from({ length: 1_000 }, (_, n) => `k:${n}`)
    expect(commandShape('del', keys, nowMs)?.keys).toHaveLength(100)
  })

  test('has values of so many bytes', () => {
    expect(bytesOf(['ab', Buffer.from('abc'), null, ['d']])).toBe(6)
  })
})
