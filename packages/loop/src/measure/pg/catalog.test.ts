import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { readCountersAgeMs, readIndexes, readTables } from './catalog.ts'
import { readTableCounts } from './table-counts.ts'

describe('the catalog', () => {
  let server: PostgresServer
  let client: Client
  beforeAll(async () => {
    server = await startPostgres()
    client = new Client({ connectionString: await server.createDatabase('app') })
    await client.connect()
    await client.query(`
      create table items (id int primary key, code text not null, name text, filled int) with (fillfactor = 50);
      insert into items select n, 'c' || n / 2, 'n' || n, 0 from generate_series(1, 1000) n;
      create unique index items_found_by on items (id, name) ;
      alter table items alter name set not null;
      alter table items replica identity using index items_found_by;
      create index items_name on items (name)`)
    await client.query('create unique index concurrently items_twice on items (code)').catch(() => {})
    await client.query('vacuum analyze items')
  })
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  it('says what rests on an index, who finds rows by it, how much it holds and whether it is whole', async () => {
    const indexes = await readIndexes(client)
    expect(
      indexes.map(({ name, constraint, replicaIdentity, entries, valid, building }) => [
        name,
        { constraint, replicaIdentity, entries, valid, building },
      ]),
    ).toEqual([
      [
        'items_found_by',
        { constraint: false, replicaIdentity: true, entries: 1_000, valid: true, building: undefined },
      ],
      ['items_name', { constraint: false, replicaIdentity: false, entries: 1_000, valid: true, building: undefined }],
      ['items_pkey', { constraint: true, replicaIdentity: false, entries: 1_000, valid: true, building: undefined }],
      ['items_twice', expect.objectContaining({ valid: false, constraint: false })],
    ])
  })

  it('counts what was written meanwhile, and which updates stayed on their page', async () => {
    await client.query('select pg_stat_force_next_flush()')
    const before = await readTableCounts(client)
    await client.query('update items set filled = 1 where id <= 10')
    await client.query("update items set name = name || '!' where id between 500 and 504")
    await client.query('delete from items where id = 1000')
    await client.query("insert into items values (2000, 'x', 'y', 0), (2001, 'z', 'w', 0)")
    await client.query('select pg_stat_force_next_flush()')
    const [items] = await readTables(client, before)
    expect(items?.writes).toEqual({ inserts: 2, updates: 15, heapOnlyUpdates: 10, deletes: 1 })
  })

  it('knows how long the counters have been running', async () => {
    await client.query('select pg_stat_reset()')
    const ageMs = await readCountersAgeMs(client)
    expect(ageMs).toBeGreaterThanOrEqual(0)
    expect(ageMs).toBeLessThan(600_000)
  })
})
