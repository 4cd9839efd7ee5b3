import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PostgresServer } from './postgres-server.ts'
import { startPostgres } from './start-postgres.ts'
import { startStandby } from './start-standby.ts'
import type { PostgresStandby } from './start-standby.ts'

async function rows(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

/** Rejects when `sql` has not answered `expected` within twenty seconds. */
async function eventually(url: string, sql: string, expected: unknown): Promise<void> {
  const deadlineMs = performance.now() + 20_000
  for (;;) {
    const seen = await rows(url, sql).catch((error: unknown) => [[String(error)]])
    if (JSON.stringify(seen) === JSON.stringify([[expected]])) return
    if (performance.now() > deadlineMs) expect(seen).toEqual([[expected]])
    await delay(10)
  }
}

describe('a standby of a running server', () => {
  let primary: PostgresServer
  let standby: PostgresStandby
  let sibling: PostgresStandby
  beforeAll(async () => {
    primary = await startPostgres({ database: 'app' })
    await rows(primary.url, 'create table t as select generate_series(1, 1000) as id')
    standby = await startStandby(primary)
    sibling = await startStandby(primary)
  })
  afterAll(async () => {
    await Promise.all([primary, standby, sibling].map(async server => await server.stop()))
    expect([primary, standby, sibling].map(server => existsSync(server.dataDirectory))).toEqual([false, false, false])
  })

  it('has the rows from before the copy, receives those after it, and refuses writes', async () => {
    await rows(primary.url, 'insert into t values (1001)')
    await eventually(standby.url, 'select count(*)::int from t', 1001)
    await expect(rows(standby.url, 'insert into t values (1)')).rejects.toMatchObject({ code: '25006' })
  })

  it('is seen streaming by the primary', async () => {
    await eventually(primary.url, `select count(*)::int from pg_stat_replication where state = 'streaming'`, 2)
  })

  it('shows nothing new while its replay is paused, and all of it once resumed', async () => {
    await standby.pauseReplay()
    await eventually(standby.url, 'select pg_get_wal_replay_pause_state()', 'paused')
    await rows(primary.url, 'insert into t values (1002)')
    await eventually(sibling.url, 'select count(*)::int from t', 1002)
    expect(await rows(standby.url, 'select count(*)::int from t')).toEqual([[1001]])
    await standby.resumeReplay()
    await eventually(standby.url, 'select count(*)::int from t', 1002)
  })

  it('takes over when the primary is killed, and its sibling follows it', async () => {
    await primary.kill()
    await standby.promote()
    await rows(standby.url, 'insert into t values (1003)')
    await sibling.follow(standby)
    await eventually(sibling.url, 'select count(*)::int from t', 1003)
  })

  it('is gone for its clients when killed', async () => {
    await sibling.kill()
    await expect(rows(sibling.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})
