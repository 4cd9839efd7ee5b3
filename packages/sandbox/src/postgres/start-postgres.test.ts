import { existsSync, mkdtempSync, readFileSync, rmSync, chmodSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPostgres } from './start-postgres.ts'
import type { PostgresServer } from './postgres-server.ts'

async function rows(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whetstone-test-'))
  chmodSync(folder, 0o755)
  return folder
}

describe('a sandbox PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ settings: { 'auto_explain.log_min_duration': '0', work_mem: '5MB' } })
  })
  afterAll(async () => await server.stop())

  it('answers queries as PostgreSQL 18 on a loopback port below 32768', async () => {
    expect(await rows(server.url, "select current_setting('server_version_num')::int / 10000")).toEqual([[18]])
    expect(server).toMatchObject({ host: '127.0.0.1', user: 'postgres', database: 'sandbox' })
    expect(server.port).toBeLessThan(32_768)
  })

  it('listens on nothing but 127.0.0.1', async () => {
    const shown = await rows(
      server.url,
      "select current_setting('listen_addresses'), current_setting('unix_socket_directories')",
    )
    expect(shown).toEqual([['127.0.0.1', '']])
  })

  it('takes settings, and never waits for the disk by default', async () => {
    const shown = await rows(
      server.url,
      "select current_setting('work_mem'), current_setting('fsync'), current_setting('full_page_writes')",
    )
    expect(shown).toEqual([['5MB', 'off', 'off']])
  })

  it('counts statements in every database, also in ones created later', async () => {
    const url = await server.createDatabase('counted')
    await rows(url, 'select 41 + 1')
    expect(await rows(url, "select calls::int from pg_stat_statements where query = 'select $1 + $2'")).toEqual([[1]])
  })

  it('logs plans through auto_explain when asked to', async () => {
    await rows(server.url, 'select 4711')
    expect(readFileSync(server.logPath, 'utf8')).toContain('Query Text: select 4711')
  })

  it('clones a database with its rows', async () => {
    const source = await server.createDatabase('source')
    await rows(source, 'create table t as select generate_series(1, 1000) as id')
    const clone = await server.createDatabase('clone', { template: 'source' })
    await rows(clone, 'delete from t where id > 10')
    expect(await rows(clone, 'select count(*)::int from t')).toEqual([[10]])
    expect(await rows(source, 'select count(*)::int from t')).toEqual([[1000]])
  })

  it('says what to do when the database to clone is in use', async () => {
    const busy = await server.createDatabase('busy')
    const client = new Client({ connectionString: busy })
    await client.connect()
    const cloning = server.createDatabase('other', { template: 'busy' })
    await expect(cloning).rejects.toMatchObject({
      code: 'WHET_SANDBOX_TEMPLATE_BUSY',
      hint: 'close its connection pools first',
    })
    await client.end()
  })

  it('drops a database under its connections, and one that does not exist', async () => {
    const client = new Client({ connectionString: await server.createDatabase('doomed') })
    const cut = new Promise(resolve => client.on('error', resolve))
    await client.connect()
    await server.dropDatabase('doomed')
    await server.dropDatabase('doomed')
    expect(await cut).toBeInstanceOf(Error)
  })

  it('quotes names that need it', async () => {
    const url = await server.createDatabase('it"s a name')
    expect(await rows(url, 'select current_database()')).toEqual([['it"s a name']])
  })
})

describe('starting and stopping', () => {
  it('runs two servers side by side and removes their folders on stop', async () => {
    const [one, two] = await Promise.all([
      startPostgres({ database: 'one' }),
      startPostgres({ database: 'two', durable: true }),
    ])
    expect(one.port).not.toBe(two.port)
    expect(await rows(one.url, 'select current_database()')).toEqual([['one']])
    expect(await rows(two.url, "select current_database(), current_setting('fsync')")).toEqual([['two', 'on']])
    await Promise.all([one.stop(), two.stop()])
    expect([one, two].map(server => existsSync(server.dataDirectory))).toEqual([false, false])
    await one.stop()
  })

  it('keeps a data folder that the caller names, and serves it again', async () => {
    const folder = openFolder()
    const dataDirectory = join(folder, 'kept')
    const first = await startPostgres({ dataDirectory })
    await rows(first.url, 'create table kept as select 7 as n')
    await first.stop()
    const second = await startPostgres({ dataDirectory })
    expect(await rows(second.url, 'select n from kept')).toEqual([[7]])
    await second.stop()
    rmSync(folder, { recursive: true })
  })

  it('refuses a data folder that holds something else', async () => {
    const folder = openFolder()
    writeFileSync(join(folder, 'letter.txt'), 'not a cluster')
    await expect(startPostgres({ dataDirectory: folder })).rejects.toMatchObject({ code: 'WHET_SANDBOX_DATA_FOLDER' })
    rmSync(folder, { recursive: true })
  })

  it('reports what the server said when it does not start', async () => {
    const starting = startPostgres({ settings: { shared_buffers: 'plenty' } })
    await expect(starting).rejects.toMatchObject({
      code: 'WHET_SANDBOX_POSTGRES_START',
      message: expect.stringContaining('shared_buffers') as string,
    })
  })
})
