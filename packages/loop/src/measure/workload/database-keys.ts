/** Keys for path parameters out of the database, spread over the whole table: one key early in a table hides a missing index. */
import { seededRandom } from '@whetstone/stats'
import { connectReadOnly } from '../pg/connect.ts'
import type { SampleKeys } from './key-sources.ts'
import { postgresKeys } from './postgres-keys.ts'

export interface DatabaseKeys {
  readonly sample: SampleKeys
  close(): Promise<void>
}

/** The same seed on the same data draws the same keys. Undefined when the database cannot be reached: planning then goes on with the other sources. */
export async function databaseKeys(url: string, seed = 1): Promise<DatabaseKeys | undefined> {
  const client = await connectReadOnly(url).catch(() => undefined)
  if (client === undefined) return undefined
  return {
    sample: postgresKeys(client, seededRandom(seed)),
    close: () => client.end(),
  }
}
