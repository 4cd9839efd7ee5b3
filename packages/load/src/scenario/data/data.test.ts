/** Rows for users: from files and a database, with the line of whatever is wrong. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PostgresServer } from '@whetstone/sandbox'
import { startPostgres } from '@whetstone/sandbox'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Feeder } from './feeder.ts'
import { csv, jsonl, list, range, sql } from './feeder.ts'
import { openFeeder } from './open-feeder.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'feeder-'))
})
afterEach(() => rm(folder, { recursive: true }))

const write = (name: string, text: string | Buffer) => writeFile(join(folder, name), text)
const open = (feeder: Feeder) => openFeeder(feeder, { seed: 1, folder })
const first = async (feeder: Feeder, count: number) => {
  const opened = await open(feeder)
  return Array.from({ length: count }, (_, arrival) => opened.at(arrival, 0))
}

describe('csv', () => {
  it('reads quotes, a byte order mark, empty lines and another delimiter; columns may be numbers', async () => {
    await write('a.csv', '\uFEFFid;name\n1;"a;b\nc"\n\n2;"say ""hi"""\n')
    const feeder = csv('a.csv', { delimiter: ';', numbers: ['id'] })
    expect(await first(feeder, 3)).toEqual([
      { id: 1, name: 'a;b\nc' },
      { id: 2, name: 'say "hi"' },
      { id: 1, name: 'a;b\nc' },
    ])
    expect(await open(feeder)).toMatchObject({ from: 'a.csv', rows: 2, columns: ['id', 'name'] })
  })

  it.each([
    ['a row that is too short', 'id,name\n1,a\n2\n', 'bad.csv:3: Invalid Record Length'],
    ['a quote that never ends', 'id\n"a\n', 'bad.csv:2: Quote Not Closed'],
    ['no rows', 'id,name\n', 'bad.csv holds no rows'],
    ['a word for a number', 'id,n\n1,2\n2,x\n', 'bad.csv:3: n is "x", no number'],
    ['a column that is not there', 'id\n1\n', 'bad.csv has no column n'],
  ])('refuses %s', async (_what, text, message) => {
    await write('bad.csv', text)
    await expect(open(csv('bad.csv', { numbers: ['n'] }))).rejects.toMatchObject({
      code: 'WHET_SCENARIO_DATA',
      message: expect.stringContaining(message) as string,
    })
  })

  it('says which file is missing', async () => {
    await expect(open(csv('gone.csv'))).rejects.toThrow('gone.csv cannot be read: ENOENT')
  })
})

describe('jsonl', () => {
  it('reads one value a line', async () => {
    await write('a.jsonl', '{"id":1}\n\n[2]\n"three"\r\n')
    expect(await first(jsonl('a.jsonl'), 4)).toEqual([{ id: 1 }, [2], 'three', { id: 1 }])
  })

  it('names the line that is none', async () => {
    await write('a.jsonl', '{"id":1}\n{id:2}\n')
    await expect(open(jsonl('a.jsonl'))).rejects.toMatchObject({
      code: 'WHET_SCENARIO_DATA',
      message: expect.stringMatching(/^a\.jsonl:2: /) as string,
    })
  })
})

describe('lists and ranges', () => {
  it('go round', async () => {
    expect(await first(list(['a', 'b']), 3)).toEqual(['a', 'b', 'a'])
    expect(await first(range(0, 1, { step: 0.5 }), 4)).toEqual([0, 0.5, 1, 0])
  })

  it('are told from empty ones at once', () => {
    expect(() => list([])).toThrow('the list is empty')
    expect(() => range(1, 5, { step: 0 })).toThrow('range(1, 5) in steps of 0 holds nothing')
  })
})

describe('sql', () => {
  let postgres: PostgresServer

  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  it('asks for rows in a transaction that cannot write', async () => {
    const { url } = postgres
    const rows = `select n as id, 'item ' || n as name, n::bigint * 10000000000 as big, timestamptz '2026-01-01 00:00Z' as at
      from generate_series(1, 3) n order by n;`
    expect(await first(sql(rows, { url }), 2)).toEqual([
      { id: 1, name: 'item 1', big: '10000000000', at: '2026-01-01T00:00:00.000Z' },
      { id: 2, name: 'item 2', big: '20000000000', at: '2026-01-01T00:00:00.000Z' },
    ])
    await expect(
      open(sql('select set_config($$a.b$$, $$c$$, false), nextval($$none$$)', { url })),
    ).rejects.toMatchObject({
      code: 'WHET_SCENARIO_DATA',
      message: expect.stringContaining('relation "none" does not exist') as string,
    })
    await expect(open(sql('delete from pg_description returning *', { url }))).rejects.toMatchObject({
      code: 'WHET_SCENARIO_DATA',
    })
  })

  it('refuses more rows than were allowed, and none', async () => {
    const { url } = postgres
    await expect(open(sql('select generate_series(1, 11)', { url, maxRows: 10 }))).rejects.toMatchObject({
      message: 'more than 10 rows: select generate_series(1, 11)',
      hint: 'add a limit, or sql(…, { maxRows: 100 })',
    })
    await expect(open(sql('select 1 where false', { url }))).rejects.toThrow('no rows: select 1 where false')
  })

  it('says when nothing answers', async () => {
    await expect(open(sql('select 1', { url: 'postgres://127.0.0.1:1/x' }))).rejects.toMatchObject({
      code: 'WHET_DATABASE_UNREACHABLE',
    })
  })
})
