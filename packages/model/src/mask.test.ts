import fc from 'fast-check'
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
  ["select 1 from a where token = 'it''s mine' and b = $1", 'select 1 from a where token = *** and b = $1'],
  ["select 1 from a where token = E'mine' and b = $1", 'select 1 from a where token = *** and b = $1'],
  ["set password = crypt('hunter2', gen_salt('bf'))", "set password = ***'***', gen_salt('bf'))"],
  ['select 1 from a where token = 4711 and b = $1', 'select 1 from a where token = *** and b = $1'],
  ['log: select 1 from a where token = hunter2', 'log: select 1 from a where token = ***'],
  ['select 1 from a where b = $1 and password=hunter2', 'select 1 from a where b = $1 and password=***'],
  ['select 1 from a where b = $1; PASSWORD = hunter2', 'select 1 from a where b = $1; PASSWORD = ***'],
  ['select 1 from a where password = ab.cd', 'select 1 from a where password = ***'],
  ['where I set password = a.b', 'where I set password = ***'],
  ['select 1 from a where b = 1 and password=ab.ab', 'select 1 from a where b = 1 and password=***'],
  ['spring.datasource.password=ab.cd', 'spring.datasource.password=***'],
  ['password=$2b$10$abcdefghijklmnopqrstuv', 'password=***'],
  ['PASSWORD=${HIDDEN:-hunter2}', 'PASSWORD=***}'],
  ["'password' => 'x', 'a' => 'b'", "'password' => '***', 'a' => 'b'"],
  ["if (token === 'x')", 'if (token === ***)'],
  ['password="cut off in the mid', 'password=***'],
  ['{"password":"cut off in the mid\\', '{"password":"***"'],
  ["'token' = 'cut off in the mid", "'token' = '***'"],
  [`password="${'long '.repeat(4_000)}"`, 'password=***'],
  ['sent bearer abcdefghijk', 'sent bearer ***'],
  ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def', 'jwt ***'],
  ['key AKIAIOSFODNN7EXAMPLE', 'key ***'],
]
const untouched = [
  'select * from sessions where token = $1',
  'select 1 from public.users where users.token = public.users.token::text',
  'WHERE reset_token=$1::text',
  'SELECT 1 FROM a JOIN b ON a.token_id=b.token_id',
  'select "s"."id" from "sessions" "s" join "tokens" "t" on "s"."token_id" = "t"."id" where "t"."token" = ?',
  'insert into tokens (token) values ($1) on conflict (id) do update set token = excluded.token',
  'update users set password_hash = $1, reset_token = null, api_key = next_key where id = $2',
  '51 queries per request, each `select … from tokens where token = any($1)`',
  'db.query(`select 1 from a where token = ${token}`)',
  'app.use((request, token) => verify(token))',
  '  token::text = $1',
  'select token_id from tokens where id = $1',
  'http://127.0.0.1:3000/orders/12?page=2',
  'GET /users/:id/sessions',
  'src/auth/password.ts:12:4',
  'postgres://127.0.0.1:5432/shop',
  '51 queries per request where 2 would do',
]

/** Statements over columns that are called like secrets, as people and query builders write them. */
const statement = (() => {
  const column = fc.constantFrom('token', 'reset_token', 'password_hash', 'api_key', 'session_id', 'secretId', 'id')
  const alias = fc.constantFrom('u', 's', 'users', 'sessions')
  const quoted = fc.boolean()
  const named = fc
    .tuple(alias, column, quoted)
    .map(([table, name, quotes]) => (quotes ? `"${table}"."${name}"` : `${table}.${name}`))
  const plain = fc.tuple(column, quoted).map(([name, quotes]) => (quotes ? `"${name}"` : name))
  const left = fc.oneof(named, plain)
  const placeholder = fc
    .tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom('', '::text', '::uuid[]'))
    .map(([number, cast]) => `$${number}${cast}`)
  const value = fc.oneof(
    placeholder,
    placeholder.map(one => `any(${one})`),
    placeholder.map(one => `ANY (${one})`),
    placeholder.map(one => `(${one})`),
    placeholder.map(one => `lower(${one})`),
    fc.tuple(placeholder, placeholder).map(([a, b]) => `crypt(${a}, ${b})`),
    named,
    named.map(one => `coalesce(${one}, $1)`),
    fc.constantFrom('null', 'DEFAULT', 'true', 'now()', ':name', '(select max(token) from users)', 'array[$1, $2]'),
  )
  const compared = fc.oneof(
    fc.tuple(left, value).map(([a, b]) => `${a} = ${b}`),
    fc.tuple(left, placeholder).map(([a, b]) => `${a}=${b}`),
    fc.tuple(named, named).map(([a, b]) => `${a}=${b}`),
    fc.tuple(left, placeholder).map(([a, b]) => `${a}::text = ${b}`),
    fc.tuple(left, left).map(([a, b]) => `${a} is distinct from ${b}`),
  )
  const listOf = (separator: string) =>
    fc.array(compared, { minLength: 1, maxLength: 4 }).map(parts => parts.join(separator))
  const condition = fc.oneof(
    listOf(' and '),
    listOf('\n  OR '),
    listOf(' or ').map(part => `not (${part})`),
  )
  const from = 'users u, sessions s'
  return fc.oneof(
    condition.map(where => `select * from ${from} where ${where} and id > $1 limit $2`),
    condition.map(where => `SELECT u.token, s.id\nFROM users u\nJOIN sessions s ON ${where}\nWHERE u.id = $1`),
    fc
      .tuple(listOf(', '), condition)
      .map(([set, where]) => `update users u set ${set} from sessions s where ${where} and $1`),
    condition.map(where => `DELETE FROM "users" "u" USING "sessions" "s" WHERE ${where} AND "u"."id" = $1`),
    condition.map(where => `with x as (select 1 from ${from} where (${where})) select * from x where id = $1`),
  )
})()

describe('masking secrets', () => {
  it.each(cases)('%s', (text, masked) => {
    expect(maskSecrets(text)).toBe(masked)
    expect(maskSecrets(masked)).toBe(masked)
  })

  it.each(untouched)('leaves alone: %s', text => {
    expect(maskSecrets(text)).toBe(text)
  })

  it('leaves alone every statement whose values are placeholders', () => {
    const law = fc.property(statement, text => {
      expect(maskSecrets(text)).toBe(text)
    })
    fc.assert(law, { numRuns: 2_000 })
  })

  it('masks whatever is written behind the name of a secret, also next to statements', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9_.$(:-]{0,8}[0-9]{6}[A-Za-z0-9_.(:-]{0,8}$/)
    const written = fc.constantFrom(
      ...(['%1; password=%2', 'DB_PASSWORD=%2 psql -c "%1"', "%1 -- token = '%2'", "%1 and token = '%2'"] as const),
      ...(['%1\npassword = %2', 'failed: %1 (password=%2)', '%1 and "token" = \'%2\'', '%1?token=%2'] as const),
    )
    fc.assert(
      fc.property(statement, secret, written, (text, value, form) => {
        const all = form.replace('%1', () => text).replace('%2', () => value)
        expect(maskSecrets(all)).not.toContain(value)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each(['a://b:', '"password":"', 'password=', 'set a.token = b.c', 'password', '-token', 'eyJ.'])(
    'takes time in proportion to the text, also to %s without end',
    piece => {
      const [short, long] = [quickest(piece.repeat(4_000)), quickest(piece.repeat(64_000))]
      // Sixteen times the text: in proportion that is 16 times the time, with a square 256.
      expect(long / Math.max(short, 0.2)).toBeLessThan(64)
    },
  )
})

/** CPU time of the best of five: what the others take is for the compiler and the neighbours. */
function quickest(text: string): number {
  const takes = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage()
    maskSecrets(text)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  })
  return Math.min(...takes)
}
