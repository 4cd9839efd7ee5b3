import pg from 'pg'
import { describe, expect, it } from 'vitest'
import type { Arms, ExperimentArm } from './define.ts'
import { withRedis } from './redis.ts'
import { onStand } from './stand.ts'

const arm: ExperimentArm = { app: () => {} }
const quick = {
  file: 'none.ts',
  chapter: 'database',
  quick: true,
  onProgress: () => {},
  signal: new AbortController().signal,
}

async function shown(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<{ value: unknown }>(sql)).rows.map(({ value }) => value)
  } finally {
    await client.end()
  }
}

async function onArms<Result>(
  arms: Pick<Arms, 'before' | 'after'>,
  use: (before: string, after: string) => Promise<Result>,
): Promise<Result> {
  const experiment: Arms = {
    practice: 'missing-index',
    database: 'CREATE TABLE letters (id int); INSERT INTO letters VALUES (7)',
    requests: [],
    load: { ratePerSecond: 1, durationMs: 1_000 },
    ...arms,
  }
  return await onStand({ ...quick, experiment }, stand =>
    use(stand.command('before').env.DATABASE_URL, stand.command('after').env.DATABASE_URL),
  )
}

describe('the arms of an experiment', { timeout: 60_000 }, () => {
  it('have a database each on one server', async () => {
    await onArms({ before: arm, after: { ...arm, schema: 'DELETE FROM letters' } }, async (before, after) => {
      expect(new URL(after).port).toBe(new URL(before).port)
      expect(await shown(before, 'SELECT id AS value FROM letters')).toEqual([7])
      expect(await shown(after, 'SELECT id AS value FROM letters')).toEqual([])
    })
  })

  it('have a server each, with the same tables, when one needs settings that take a restart', async () => {
    const small = { ...arm, server: { shared_buffers: '8MB' } }
    await onArms({ before: small, after: arm }, async (before, after) => {
      expect(new URL(after).port).not.toBe(new URL(before).port)
      const memory = `SELECT current_setting('shared_buffers') AS value`
      expect([await shown(before, memory), await shown(after, memory)]).toEqual([['8MB'], ['128MB']])
      for (const url of [before, after]) expect(await shown(url, 'SELECT id AS value FROM letters')).toEqual([7])
    })
  })

  it('have a Redis each, set as they say, where the experiment asks for it', async () => {
    const experiment: Arms = {
      practice: 'hit-ratio',
      database: 'CREATE TABLE letters (id int)',
      requests: [],
      load: { ratePerSecond: 1, durationMs: 1_000 },
      redis: true,
      before: { ...arm, redis: { maxmemory: '3mb' } },
      after: arm,
    }
    await onStand({ ...quick, experiment }, async stand => {
      const memory = async (name: 'before' | 'after') =>
        await withRedis(stand.command(name).env.REDIS_URL!, async client => await client.config('GET', 'maxmemory'))
      expect([await memory('before'), await memory('after')]).toEqual([
        ['maxmemory', '3145728'],
        ['maxmemory', '0'],
      ])
    })
  })
})
