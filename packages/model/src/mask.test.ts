import { describe, expect, it } from 'vitest'
import { maskSecrets } from './mask.ts'

const cases: readonly (readonly [text: string, masked: string])[] = [
  ['postgres://app:s3cret@db:5432/shop', 'postgres://app:***@db:5432/shop'],
  ['postgres://app:p@ss@db:5432/shop', 'postgres://app:***@db:5432/shop'],
  ['postgres://app:p/s@db:5432/shop', 'postgres://app:***@db:5432/shop'],
  ['redis://:only@cache:6379', 'redis://:***@cache:6379'],
  ['connect postgres://a:b@h/x and amqp://c:d@i/y', 'connect postgres://a:***@h/x and amqp://c:***@i/y'],
  ['GET /me?token=abc123&page=2', 'GET /me?token=***&page=2'],
  ['postgres://db/shop?user=a&password=b&sslmode=require', 'postgres://db/shop?user=a&password=***&sslmode=require'],
  ['Authorization: Bearer abc.def', 'Authorization: ***'],
  ['> Cookie: sid=1; theme=dark\n> Accept: */*', '> Cookie: ***\n> Accept: */*'],
  ['x-api-key: 12345', 'x-api-key: ***'],
  ['{"authorization":"Basic abc","accept":"*/*"}', '{"authorization":"***","accept":"*/*"}'],
  ['{"user":"ann","password":"a\\"b","n":1}', '{"user":"ann","password":"***","n":1}'],
  ["{ apiKey: 1, 'refreshToken': 'x' }", "{ apiKey: 1, 'refreshToken': '***' }"],
  ['PGPASSWORD=hunter2 psql', 'PGPASSWORD=*** psql'],
  ['node app.js --db-password hunter2 --port 80', 'node app.js --db-password *** --port 80'],
  ["alter role a password = 'x'", 'alter role a password = ***'],
  ['sent bearer abcdefghijk', 'sent bearer ***'],
  ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def', 'jwt ***'],
  ['key AKIAIOSFODNN7EXAMPLE', 'key ***'],
]
const untouched = [
  'select token_id from tokens where id = $1',
  'http://127.0.0.1:3000/orders/12?page=2',
  'GET /users/:id/sessions',
  'src/auth/password.ts:12:4',
  'postgres://127.0.0.1:5432/shop',
  '51 queries per request where 2 would do',
]

describe('masking secrets', () => {
  it.each(cases)('%s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked)
    expect(maskSecrets(masked)).toBe(masked)
  })

  it.each(untouched)('leaves alone: %s', text => {
    expect(maskSecrets(text)).toBe(text)
  })

  it('takes a megabyte of hostile text in its stride', () => {
    const began = performance.now()
    for (const piece of ['a://b:', '"password":"', 'password', '-token', 'eyJ.']) maskSecrets(piece.repeat(20_000))
    expect(performance.now() - began).toBeLessThan(5_000)
  })
})
