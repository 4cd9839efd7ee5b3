import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PreparedNames } from './prepared-names.ts'
import { startTestServer } from './testing/server.ts'
import type { TestServer } from './testing/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(async () => await server.stop())

const prepared = 'select name, statement from pg_prepared_statements order by prepare_time'

describe('prepared statements', () => {
  it('are named from the second use on, with parameters only', async () => {
    await server.withPool({ max: 1 }, async pool => {
      for (let use = 0; use < 3; use++) await pool.query('select $1::int as n', [use])
      await pool.query('select 1')
      await pool.query('select 1')
      await pool.query('select $1::int as once', [1])
      await pool.query({ name: 'mine', text: 'select $1::int as mine', values: [1] })
      const { rows } = await pool.query(prepared)
      expect(rows).toEqual([
        { name: expect.stringMatching(/^w_[0-9a-f]{20}$/) as string, statement: 'select $1::int as n' },
        { name: 'mine', statement: 'select $1::int as mine' },
      ])
    })
  })

  it('are never named when told so', async () => {
    await server.withPool({ max: 1, prepare: 'never' }, async pool => {
      for (let use = 0; use < 3; use++) await pool.query('select $1::int as n', [use])
      expect((await pool.query(prepared)).rows).toEqual([])
      expect(pool.stats().prepare).toEqual({ mode: 'never', on: false, because: 'prepare is never' })
    })
  })

  it('are closed on the server beyond the bound, the one unused for longest first', async () => {
    await server.withPool({ max: 1, preparedPerConnection: 2 }, async pool => {
      const use = async (name: string) =>
        expect((await pool.query(`select $1::int as ${name}`, [1])).rows).toEqual([{ [name]: 1 }])
      for (const name of ['a', 'a', 'b', 'b', 'a', 'c', 'c', 'c', 'a']) await use(name)
      const { rows } = await pool.query<{ statement: string }>(prepared)
      expect(rows.map(row => row.statement)).toEqual(['select $1::int as a', 'select $1::int as c'])
      await use('b')
      expect((await pool.query(prepared)).rows).toHaveLength(2)
    })
  })

  it('are never closed under a statement of the same connection that is still on its way', async () => {
    await server.withPool({ max: 1, preparedPerConnection: 1 }, async pool => {
      const texts = ['a', 'b', 'c'].map(name => `select $1::int as ${name}`)
      for (const text of texts) await pool.query(text, [0])
      await pool.withClient(async client => {
        for (let round = 0; round < 5; round++)
          await Promise.all([...texts, ...texts].map(async text => await client.query(text, [round])))
      })
      expect(pool.stats().prepare).toEqual({ mode: 'auto', on: true })
      expect((await pool.query(prepared)).rows).toHaveLength(1)
    })
  })

  it('whose table has changed are prepared anew, without an error', async () => {
    await server.look('create table changing (id int); insert into changing values (1)')
    await server.withPool({ max: 1 }, async pool => {
      const read = async () => (await pool.query('select * from changing where id = $1', [1])).rows
      for (let use = 0; use < 3; use++) expect(await read()).toEqual([{ id: 1 }])
      await server.look(`alter table changing add column name text default 'new'`)
      expect(await read()).toEqual([{ id: 1, name: 'new' }])
      expect(await read()).toEqual([{ id: 1, name: 'new' }])
      expect(pool.stats()).toMatchObject({ opened: 1, prepare: { on: true } })
    })
  })

  it('that the server does not know any more are given up, and the statement is run once all the same', async () => {
    await server.look('create sequence ran')
    await server.withPool({ max: 1 }, async pool => {
      const next = async () => (await pool.query<{ n: number }>(`select nextval($1)::int as n`, ['ran'])).rows[0]!.n
      expect([await next(), await next()]).toEqual([1, 2])
      await pool.query('deallocate all')
      expect([await next(), await next()]).toEqual([3, 4])
      expect(pool.stats().prepare).toMatchObject({ on: false, because: expect.stringContaining('26000') as string })
    })
  })

  it('that somebody else has named are given up, and the statement is run once all the same', async () => {
    await server.withPool({ max: 1 }, async pool => {
      const text = 'select $1::int as taken'
      await pool.query(text, [0])
      const names = new PreparedNames('always')
      names.nameOf(text)
      await pool.query(`prepare ${names.nameOf(text)} as select 1`)
      expect((await pool.query(text, [7])).rows).toEqual([{ taken: 7 }])
      expect(pool.stats().prepare).toMatchObject({ on: false, because: expect.stringContaining('42P05') as string })
    })
  })
})

describe('names', () => {
  it('are the same for the same text everywhere, and few enough to remember', () => {
    const [one, other] = [new PreparedNames('auto'), new PreparedNames('auto')]
    const twice = (names: PreparedNames, text: string) => (names.nameOf(text), names.nameOf(text))
    expect(twice(one, 'select $1')).toBe(twice(other, 'select $1'))
    expect(twice(one, 'select $2')).not.toBe(twice(one, 'select $1'))
    for (let index = 0; index < 2_000; index++) one.nameOf(`select ${index}`)
    expect(one.nameOf('select $1')).toBeUndefined()
  })

  it('are not for texts of absurd length, which would be kept on either side', () => {
    const names = new PreparedNames('auto')
    const long = `select ${'1, '.repeat(10_000)} 1`
    expect([names.nameOf(long), names.nameOf(long)]).toEqual([undefined, undefined])
  })

  it('give way only in auto', () => {
    const [auto, always] = [new PreparedNames('auto'), new PreparedNames('always')]
    expect([auto.switchOff('a'), auto.switchOff('b'), always.switchOff('c')]).toEqual([true, false, false])
    expect([auto.state, always.state]).toEqual([
      { mode: 'auto', on: false, because: 'a' },
      { mode: 'always', on: true },
    ])
  })
})
