import { Pool } from 'pg'
import { type PostgresServer, startPostgres } from '@whetstone/sandbox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queryableOf } from '../../data/plain-pool.ts'
import { until } from '../../data/pool/testing/server.ts'
import { PostgresJournal, type PostgresJournalOptions } from './postgres-journal.ts'
import { WriteBack } from './write-back.ts'
import { journalContract } from './testing/journal-contract.ts'

let server: PostgresServer
let pool: Pool
let tables = 0

beforeAll(async () => {
  server = await startPostgres()
  pool = new Pool({ connectionString: server.url, max: 4 })
})

afterAll(async () => {
  await pool?.end()
  await server?.stop()
})

async function openAt(table: string, options: Partial<PostgresJournalOptions> = {}): Promise<PostgresJournal> {
  const journal = new PostgresJournal({ database: queryableOf(pool), table, ...options })
  await journal.open()
  return journal
}

const newTable = () => `journal "${++tables}"`
const put = (key: string) => [{ key, payload: Buffer.from(key) }]

describe('a journal in PostgreSQL', () => {
  journalContract(async () => {
    const table = newTable()
    return { journal: await openAt(table), afterDeath: async () => await openAt(table) }
  })

  test('is made by whichever process comes first, however many come at once', async () => {
    const table = newTable()
    const journals = await Promise.all([1, 2, 3, 4].map(() => openAt(table)))
    for (const journal of journals) await journal.append(put('a'))
    expect(await journals[0]!.pendingCount()).toBe(1)
  })

  test('is flushed by one process, and by the next when that dies or ends', async () => {
    const table = newTable()
    const [one, two] = [await openAt(table, { leaseMs: 50 }), await openAt(table, { leaseMs: 60_000 })]
    expect([await one.lead(), await two.lead()].slice(0, 1)).toEqual([true])
    await until(() => two.lead())
    expect([await one.lead(), await two.lead()]).toEqual([false, true])
    await two.close()
    expect(await one.lead()).toBe(true)
  })

  test('brings on what any process wrote, by one of them, and each reads what the others wrote', async () => {
    const table = newTable()
    const flushers = new Set<number>()
    const applied = new Map<string, unknown>()
    const backs = await Promise.all(
      [0, 1, 2].map(async number => {
        const back = new WriteBack({
          journal: await openAt(table, { leaseMs: 60_000 }),
          lingerMs: 1,
          async flush(entries) {
            flushers.add(number)
            for (const { key, value } of entries) applied.set(key, value)
          },
        })
        await back.open()
        return back
      }),
    )
    for (let round = 0; round < 5; round++)
      await Promise.all(backs.map((back, number) => back.write(`k${number}`, round)))
    await backs[0]!.write('seen by all', 1)
    const seen = [(await backs[1]!.pending('seen by all'))?.value, applied.get('seen by all')]
    expect(seen).toContain(1)
    await until(async () => (await backs[2]!.pendingCount()) === 0)
    expect(Object.fromEntries(applied)).toEqual({ k0: 4, k1: 4, k2: 4, 'seen by all': 1 })
    expect([flushers.size, backs.filter(back => back.stats.leads).length]).toEqual([1, 1])
    for (const back of backs) await back.close()
  })

  test('refuses more rows than it may hold, until some are settled', async () => {
    const journal = await openAt(newTable(), { maxPending: 2 })
    await journal.append(put('a'))
    await journal.append(put('b'))
    const refused = journal.append(put('c')).catch((error: { code: string; retryable: boolean }) => error)
    expect(await refused).toMatchObject({ code: 'FAULT_WRITE_BACK_FULL', retryable: true })
    await journal.settle(await journal.oldest(2, []))
    expect(await journal.append(put('c'))).toHaveLength(1)
  })

  test('waits for the disk of the server, also where that is told not to', async () => {
    const table = newTable()
    const seen: string[] = []
    const lax = new Pool({ connectionString: server.url, max: 1, options: '-c synchronous_commit=off' })
    const database = queryableOf(lax)
    const journal = new PostgresJournal({ database, table })
    await journal.open()
    // What the commit of an append goes by, seen from within its transaction.
    await lax.query(`create function see_commit() returns trigger language plpgsql as
      $$ begin perform set_config('seen.commit', current_setting('synchronous_commit'), false); return null; end $$;
      create constraint trigger see after insert on "${table.replaceAll('"', '""')}" deferrable initially deferred
        for each row execute function see_commit()`)
    await journal.append(put('a'))
    for (const setting of ['seen.commit', 'synchronous_commit'])
      seen.push((await lax.query<{ value: string }>('select current_setting($1) as value', [setting])).rows[0]!.value)
    expect(seen).toEqual(['on', 'off'])
    await lax.end()
  })
})
