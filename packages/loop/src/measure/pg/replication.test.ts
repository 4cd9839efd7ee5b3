import { startPostgres, startStandby, type PostgresServer, type PostgresStandby } from '@whetstone/sandbox'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readReplication } from './replication.ts'

let primary: PostgresServer
let standby: PostgresStandby
beforeAll(async () => {
  primary = await startPostgres({ database: 'app' })
  standby = await startStandby(primary)
}, 60_000)
afterAll(async () => {
  await standby.stop()
  await primary.stop()
})

async function at<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}
const read = async (url: string) => await at(url, async client => await readReplication(client, 180_000))

it('sees the standby of a primary and the slot it reads from', async () => {
  await expect
    .poll(async () => await read(primary.url), { timeout: 20_000 })
    .toMatchObject({
      recovering: false,
      standbys: [{ state: 'streaming', commit: 'async', lagBytes: expect.any(Number) as number }],
      slots: [{ kind: 'physical', active: true, log: 'reserved' }],
    })
})

it('sees the lag of a standby whose replay is held, on both sides', { timeout: 60_000 }, async () => {
  // Before it has replayed a commit, a standby has no idea of time.
  await at(primary.url, async client => await client.query('create table first (id int)'))
  const replayed = async () =>
    await at(
      standby.url,
      async client => await client.query('select pg_last_xact_replay_timestamp() is not null as yes'),
    )
  await expect.poll(async () => (await replayed()).rows, { timeout: 20_000 }).toEqual([{ yes: true }])
  await standby.pauseReplay()
  await at(
    primary.url,
    async client => await client.query('create table filled as select generate_series(1, 20000) as id'),
  )
  await expect
    .poll(async () => (await read(primary.url)).standbys[0]?.lagBytes, { timeout: 20_000 })
    .toBeGreaterThan(500_000)
  await expect
    .poll(async () => await read(standby.url), { timeout: 20_000 })
    .toMatchObject({
      recovering: true,
      replayLagMs: expect.any(Number) as number,
      standbys: [],
    })
  await standby.resumeReplay()
  await expect.poll(async () => (await read(standby.url)).replayLagMs, { timeout: 20_000 }).toBeUndefined()
})

it('sees what a slot keeps for a reader that does not come', async () => {
  await at(primary.url, async client => {
    await client.query(`select pg_create_physical_replication_slot('forgotten', true)`)
    await client.query('create table more as select generate_series(1, 20000) as id')
  })
  const { slots } = await read(primary.url)
  const forgotten = slots.find(({ name }) => name === 'forgotten')
  expect(forgotten).toMatchObject({ kind: 'physical', active: false, log: 'reserved' })
  expect(forgotten!.keptBytes).toBeGreaterThan(500_000)
  expect(forgotten!.inactiveMs).toBeGreaterThanOrEqual(0)
})

it('sees the names of standbys and not their state where the role may not', async () => {
  await at(primary.url, async client => await client.query('create role guest login'))
  const { standbys, slots } = await read(primary.url.replace('postgres@', 'guest@'))
  expect(standbys).toEqual([{ name: expect.any(String) as string, state: 'unknown', commit: 'unknown' }])
  expect(slots).toHaveLength(2)
})
