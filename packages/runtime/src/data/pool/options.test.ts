import { expect, it } from 'vitest'
import { readOptions } from './options.ts'
import { Pool } from './pool.ts'

it('tells what it is told apart: limits of the pool, and what pg is to know', () => {
  const { limits, connection } = readOptions({ host: 'db', max: 4, statementTimeoutMs: 0 })
  expect(connection).toEqual({ host: 'db', keepAlive: true })
  expect(limits).toMatchObject({
    max: 4,
    maxWaiting: 200,
    acquireTimeoutMs: 5_000,
    statementTimeoutMs: 0,
    prepare: 'auto',
  })
})

it('refuses limits that are none, by their name', () => {
  expect(() => readOptions({ max: 0 })).toThrow('max is 0: whole, from 1')
  expect(() => readOptions({ max: 2, min: 3 })).toThrow('min is 3: at most max, which is 2')
  expect(() => readOptions({ acquireTimeoutMs: 0 })).toThrow('acquireTimeoutMs is 0')
  expect(() => readOptions({ acquireTimeoutMs: Infinity })).toThrow('acquireTimeoutMs is Infinity')
  expect(() => readOptions({ leakAfterMs: NaN })).toThrow('leakAfterMs is NaN')
})

it('shows no secret to who prints the pool', () => {
  const pool = new Pool({ connectionString: 'postgres://me:geheim@db/shop', password: 'geheim' })
  expect(JSON.stringify(pool.options)).not.toContain('geheim')
  expect(pool.options).toMatchObject({ max: 10, min: 0 })
})
