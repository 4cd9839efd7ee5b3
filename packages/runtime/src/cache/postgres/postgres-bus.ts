/** Invalidations over PostgreSQL: a short log that is read on after a cut, and a notification that it grew. */
import type { TableName } from '../../data/identifier.ts'
import { LogReader } from '../log-reader.ts'
import type { InvalidationBus } from '../tier.ts'
import { listen, nowMicros, type PostgresClient } from './client.ts'
import { tablesOf } from './tables.ts'

export interface PostgresBusOptions {
  /** As it was set up. Default `whetstone_cache`. */
  readonly table?: TableName
  /** Messages the log keeps: who was cut for longer than they last doubts all it has. Default 10,000. */
  readonly maxLogged?: number
  /** How often the log is asked for what no notification told of, in milliseconds. Default 5,000. */
  readonly checkEveryMs?: number
}

/** The log is trimmed at every so-manieth message of a process. */
const trimEvery = 100

/** A bus over the tables of `setUpPostgresCache`. Listening keeps one connection of the pool. */
export function postgresBus(
  client: PostgresClient,
  { table, maxLogged = 10_000, checkEveryMs = 5_000 }: PostgresBusOptions = {},
): InvalidationBus {
  const { log, head, channel: name } = tablesOf(table)
  const channel = `${name}_bus`
  // The row of the head is locked until the commit, so that messages are seen in the order of their places. Places begin at the clock, so
  // that none comes twice when a crash has emptied the tables.
  const append = `
    with place as (
      insert into ${head} as h (id) values (${nowMicros}) on conflict (one) do update set id = greatest(h.id + 1, excluded.id) returning id
    ), logged as (insert into ${log} (id, message) select id, $1 from place returning id)
    select id::text, pg_notify($2, id::text) from logged`
  let published = 0
  return {
    async publish(invalidation) {
      await client.query(append, [JSON.stringify(invalidation), channel])
      if (++published % trimEvery === 0) await trim()
    },
    async subscribe(onInvalidation, onGap) {
      const reader = new LogReader({ end, page }, onInvalidation, onGap)
      await reader.begin()
      const catchUp = () => void reader.catchUp()
      const stopListening = listen(client, channel, catchUp, catchUp)
      const timer = setInterval(catchUp, checkEveryMs).unref()
      return async () => {
        clearInterval(timer)
        reader.stop()
        await stopListening()
      }
    },
  }

  async function end(): Promise<string> {
    const { rows } = await client.query(`select max(id)::text as id from ${log}`)
    const { id } = rows[0] as { id: string | null }
    if (id !== null) return id
    const first = await client.query(append, ['', channel])
    return (first.rows[0] as { id: string }).id
  }

  async function page(place: string, count: number): Promise<[string, string][]> {
    const { rows } = await client.query(
      // By the number: the text of the first column would be another order.
      `select l.id::text, l.message from ${log} l where l.id >= $1 order by l.id limit $2`,
      [place, count],
    )
    return (rows as { id: string; message: string }[]).map(row => [row.id, row.message])
  }

  async function trim(): Promise<void> {
    const oldest = `select l.id from ${log} l order by l.id desc offset $1 limit 1`
    await client.query(`delete from ${log} where id <= (${oldest})`, [maxLogged]).catch(() => undefined)
  }
}
