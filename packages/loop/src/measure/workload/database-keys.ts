/** Keys for path parameters out of the database, spread over the whole table: one key early in a table hides a missing index. */
import { seededRandom } from '@whetstone/stats'
import pg from 'pg'
import type { SampleKeys } from './key-sources.ts'
import { postgresKeys } from './postgres-keys.ts'

export interface DatabaseKeys {
  readonly sample: SampleKeys
  close(): Promise<void>
}

/** The same seed on the same data draws the same keys. Undefined when the database cannot be reached: planning then goes on with the other sources. */
export async function databaseKeys(url: string, seed = 1): Promise<DatabaseKeys | undefined> {
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
    sample: postgresKeys(client, seededRandom(seed)),
    close: () => client.end(),
  }
}
