/** Creates, clones and drops databases on a sandbox server, over the wire. */
import { Client, escapeIdentifier } from 'pg'
import { WhetstoneError } from '@whetstone/model'

export interface CreateDatabaseOptions {
  /** Clone this database, data included; nobody may be connected to it. Default: an empty database with pg_stat_statements. */
  readonly template?: string
}

export async function createDatabase(
  adminUrl: string,
  name: string,
  options: CreateDatabaseOptions = {},
): Promise<void> {
  // FILE_COPY is several times quicker for a filled template; for the small default one the log-based way avoids two checkpoints.
  const from = options.template ? ` TEMPLATE ${escapeIdentifier(options.template)} STRATEGY FILE_COPY` : ''
  try {
    await execute(adminUrl, `CREATE DATABASE ${escapeIdentifier(name)}${from}`)
  } catch (cause) {
    if ((cause as { code?: string }).code !== objectInUse) throw cause
    throw new WhetstoneError(
      'WHET_SANDBOX_TEMPLATE_BUSY',
      `database ${String(options.template)} cannot be cloned while somebody is connected to it`,
      {
        hint: 'close its connection pools first',
        cause,
      },
    )
  }
}

/** PostgreSQL's SQLSTATE for "source database is being accessed by other users". */
const objectInUse = '55006'

/** Ends its connections first; a database that does not exist is no error. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await execute(adminUrl, `DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`)
}

export async function databaseExists(adminUrl: string, name: string): Promise<boolean> {
  return (await execute(adminUrl, 'SELECT 1 FROM pg_database WHERE datname = $1', [name])) > 0
}

async function execute(adminUrl: string, sql: string, values: readonly string[] = []): Promise<number> {
  const client = new Client({ connectionString: adminUrl, application_name: 'whetstone-sandbox', ssl: false })
  await client.connect()
  try {
    const { rowCount } = await client.query(sql, [...values])
    return rowCount ?? 0
  } finally {
    await client.end()
  }
}
