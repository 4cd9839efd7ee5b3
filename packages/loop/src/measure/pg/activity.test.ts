import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PgSessions, Statement } from '@whetstone/model'
import { normaliseStatement, statementId } from '@whetstone/probe/statement-text'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { type ActivitySampler, startActivitySampler } from './activity.ts'
import { connectReadOnly } from './connect.ts'
import { LockWaits, type LockSession } from './locks.ts'
import { sessionStatements } from './session-statement.ts'

const plain = (text: string) => ({ text })

describe('sessions of a real server', () => {
  let server: PostgresServer
  let url: string
  let watcher: Client
  let clients: Client[]
  let sampler: ActivitySampler

  beforeAll(async () => {
    server = await startPostgres({ settings: { deadlock_timeout: '50ms' } })
    url = await server.createDatabase('app')
  })
  afterAll(async () => await server.stop())
  beforeEach(async () => {
    clients = await Promise.all([1, 2, 3].map(connected))
    await clients[0]!.query(
      'drop table if exists counters; create table counters (id int primary key, n int); insert into counters values (1, 0), (2, 0)',
    )
    watcher = await connectReadOnly(url)
    sampler = await startActivitySampler({ client: watcher }, 10)
  })
  afterEach(async () => {
    await sampler.stop(plain)
    await Promise.all([...clients, watcher].map(client => client.end()))
  })

  async function connected(): Promise<Client> {
    const client = new Client({ connectionString: url })
    await client.connect()
    return client
  }

  /** Until as many sessions wait for a lock, and a look was taken at them. */
  async function waiting(count: number): Promise<void> {
    await vi.waitFor(
      async () => {
        const { rows } = await clients[0]!.query("select 1 from pg_stat_activity where wait_event_type = 'Lock'")
        expect(rows).toHaveLength(count)
      },
      { timeout: 10_000 },
    )
  }

  async function seen(): Promise<PgSessions> {
    const { sessions } = await sampler.stop(text => {
      const normalised = normaliseStatement(text)
      return { statementId: statementId(normalised), text: normalised }
    })
    return sessions!
  }

  it('name the statement that waits and the head of the queue it stands in', async () => {
    const [holder, second, third] = clients as [Client, Client, Client]
    await holder.query('begin')
    await holder.query('update counters set n = n + 1 where id = $1', [1])
    const queue = [second, third].map(client => client.query('update counters set n = 5 where id = 1'))
    await waiting(2)
    const sessions = await seen()
    await holder.query('commit')
    await Promise.all(queue)

    expect(sessions.waitingForLocks).toBeGreaterThanOrEqual(2)
    expect(new Set(sessions.blocked.map(({ waiting: one }) => one.text))).toEqual(
      new Set(['update counters set n = $1 where id = $2']),
    )
    expect(sessions.blocked.map(({ lock }) => lock)).toContain('transactionid')
    // The holder asks pg_stat_activity while it holds the row, so that is the last it did.
    for (const { blocker } of sessions.blocked) expect(blocker.text).toMatch(/^(update counters set n = n|select \$1)/)
    expect(sessions.blocked.reduce((sum, { waits }) => sum + waits, 0)).toBeGreaterThanOrEqual(2)
  })

  it('count the deadlocks that the server broke', async () => {
    const [one, other] = clients as [Client, Client, Client]
    for (const [client, id] of [
      [one, 1],
      [other, 2],
    ] as const) {
      await client.query('begin')
      await client.query('update counters set n = 0 where id = $1', [id])
    }
    const both = await Promise.allSettled([
      one.query('update counters set n = 0 where id = 2'),
      other.query('update counters set n = 0 where id = 1'),
    ])
    expect(both.filter(({ status }) => status === 'rejected')).toHaveLength(1)
    await Promise.all([one.query('rollback'), other.query('rollback')])
    // A backend reports what it counted when it is idle or gone.
    await Promise.all([one.end(), other.end()])
    clients = clients.slice(2)
    const counting = await connected()
    await vi.waitFor(
      async () => {
        const { rows } = await counting.query<{ deadlocks: string }>(
          'select deadlocks from pg_stat_database where datname = current_database()',
        )
        expect(Number(rows[0]?.deadlocks)).toBe(1)
      },
      { timeout: 10_000 },
    )
    await counting.end()
    expect((await seen()).deadlocks).toBe(1)
  })

  it('are no waits where transactions are short and touch other rows', async () => {
    const [one, other] = clients as [Client, Client, Client]
    for (let at = 0; at < 20; at++) {
      await Promise.all([
        one.query('update counters set n = n + 1 where id = 1'),
        other.query('update counters set n = n + 1 where id = 2'),
      ])
    }
    const sessions = await seen()
    expect(sessions).toMatchObject({ waitingForLocks: 0, blocked: [], idleTransactions: [], deadlocks: 0 })
    expect(sessions.looks).toBeGreaterThan(1)
    expect(Math.max(...sessions.connections)).toBe(3)
  })
})

describe('waits for locks', () => {
  const session = (pid: number, more: Partial<LockSession> = {}): LockSession => ({
    pid,
    since: 'now',
    text: `statement ${pid}`,
    idle: false,
    blockers: null,
    lock: null,
    waitedMs: null,
    ...more,
  })
  const waits = (pid: number, blocker: number, waitedMs: number): LockSession =>
    session(pid, { blockers: [blocker], lock: 'tuple', waitedMs })

  it('blame the head of a queue and not the one in between', () => {
    const locks = new LockWaits()
    locks.add([session(1, { idle: true }), waits(2, 1, 400), waits(3, 2, 900)])
    expect(locks.list(plain).map(({ waiting, blocker, longestMs }) => [waiting.text, blocker.text, longestMs])).toEqual(
      [
        ['statement 3', 'statement 1', 900],
        ['statement 2', 'statement 1', 400],
      ],
    )
    expect(locks.list(plain).every(({ blockerIdle }) => blockerIdle)).toBe(true)
  })

  it('are one wait however often it is looked at', () => {
    const locks = new LockWaits()
    for (const waitedMs of [100, 350, 600]) locks.add([session(1), waits(2, 1, waitedMs)])
    locks.add([session(1), { ...waits(2, 1, 50), since: 'later' }])
    expect(locks.list(plain)).toMatchObject([{ waits: 2, longestMs: 600, blockerIdle: false }])
  })

  it('have no head where two wait for one another, or where nobody is seen', () => {
    const locks = new LockWaits()
    locks.add([waits(1, 2, 10), waits(2, 1, 10)])
    locks.add([waits(3, 99, 10)])
    locks.add([{ ...waits(4, 5, 10), text: null }, session(5)])
    expect(locks.list(plain)).toEqual([])
  })
})

describe('the statement of a session', () => {
  const long = `select ${Array.from({ length: 40 }, (_, at) => `column_${at}`).join(', ')} from orders where id = $1`
  const known = ['select id from orders where id = $1', long].map((text): Statement => ({
    id: statementId(text),
    text,
    parameters: [],
  }))
  const find = sessionStatements(known)

  it('joins whatever its literals', () => {
    expect(find('select id from orders where id = 4711').statementId).toBe(known[0]!.id)
  })
  it('joins where the server cut it', () => {
    expect(find(long.slice(0, 300)).statementId).toBe(known[1]!.id)
  })
  it('stays unknown where nothing, or more than one, begins like it', () => {
    expect(find('vacuum').statementId).toBeUndefined()
    const twins = [`${long} and total > $2`, `${long} and total < $2`].map(text => ({ ...known[1]!, id: text, text }))
    expect(sessionStatements(twins)(long.slice(0, 300)).statementId).toBeUndefined()
  })
})
