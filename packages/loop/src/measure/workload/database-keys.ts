/** Keys for path parameters out of the database, spread over the whole table: one key early in a table hides a missing index. */
import pg from 'pg'
import type { SampleKeys } from './key-sources.ts'

export interface DatabaseKeys {
  readonly sample: SampleKeys
  close(): Promise<void>
}

/** Rows beyond what is asked for, because a sample of pages is uneven. */
const oversampling = 4

/** Undefined when the database cannot be reached: planning then goes on with the other sources. */
export async function databaseKeys(url: string): Promise<DatabaseKeys | undefined> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'whetstone',
    statement_timeout: 2_000,
    connectionTimeoutMillis: 3_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SET default_transaction_read_only = on')
  } catch {
    return undefined
  }
  return {
    sample: (table, column, count) => sample(client, table, column, count).catch(() => undefined),
    close: () => client.end(),
  }
}

interface Candidate {
  readonly schema: string
  readonly name: string
  readonly column: string
  readonly rows: number
}

async function sample(
  client: pg.Client,
  table: string,
  column: string | undefined,
  count: number,
): Promise<readonly string[] | undefined> {
  const found = await locate(client, table, column)
  if (!found) return undefined
  const relation = `${pg.escapeIdentifier(found.schema)}.${pg.escapeIdentifier(found.name)}`
  const key = pg.escapeIdentifier(found.column)
  const percent = Math.min(100, (count * oversampling * 100) / Math.max(1, found.rows))
  // REPEATABLE fixes the sample: two runs on the same data send the same requests.
  const { rows } = await client.query<{ key: string }>(
    `SELECT ${key}::text AS key FROM ${relation} TABLESAMPLE BERNOULLI (${percent}) REPEATABLE (1) WHERE ${key} IS NOT NULL LIMIT ${count * oversampling * 2}`,
  )
  const stride = Math.max(1, rows.length / count)
  return Array.from({ length: Math.min(count, rows.length) }, (_, index) => rows[Math.floor(index * stride)]?.key ?? '')
}

async function locate(client: pg.Client, table: string, column: string | undefined): Promise<Candidate | undefined> {
  const { rows } = await client.query<Candidate>(
    `SELECT n.nspname AS schema, c.relname AS name, a.attname AS column, greatest(c.reltuples, 0)::float8 AS rows
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND i.indnatts = 1 AND i.indkey[0] = a.attnum
      WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND lower(c.relname) = lower($1)
        AND (CASE WHEN $2::text IS NULL THEN i.indexrelid IS NOT NULL ELSE lower(a.attname) = lower($2) END)
      LIMIT 1`,
    [table, column ?? null],
  )
  return rows[0]
}
