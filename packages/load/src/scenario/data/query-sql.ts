/** Rows of a query, read where nothing can be written, so that users ask for keys that exist and over their whole range. */
import { exitCodes, WhetstoneError } from '@whetstone/model'
import type { SqlSource } from './feeder.ts'
import { dataError } from './read-csv.ts'

/** Rejects with `WHET_SCENARIO_DATA`, or `WHET_DATABASE_UNREACHABLE` when nothing answers. */
export async function querySql(source: SqlSource): Promise<readonly Record<string, unknown>[]> {
  const { url = process.env['DATABASE_URL'], statement, maxRows, timeoutMs } = source
  if (url === undefined) {
    throw dataError('the query has no database', { hint: "sql('select …', { url: 'postgres://…' }), or DATABASE_URL" })
  }
  const { Client } = await driver()
  const client = new Client({
    connectionString: url,
    application_name: 'whetstone',
    connectionTimeoutMillis: timeoutMs,
    statement_timeout: timeoutMs,
  })
  // A connection that breaks while nothing is asked would otherwise end the process; the query that follows reports it.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (cause) {
    throw new WhetstoneError('WHET_DATABASE_UNREACHABLE', `the database of a feeder: ${(cause as Error).message}`, {
      exitCode: exitCodes.target,
      cause,
    })
  }
  try {
    await client.query('begin read only')
    // A cursor, so that a query that forgot its limit does not fill the memory first.
    await client.query(`declare whetstone_rows no scroll cursor for ${statement.trim().replace(/;$/, '')}`)
    const { rows } = await client.query<Record<string, unknown>>(`fetch ${maxRows + 1} from whetstone_rows`)
    await client.query('rollback')
    if (rows.length === 0) throw dataError(`no rows: ${excerpt(statement)}`)
    if (rows.length > maxRows) {
      throw dataError(`more than ${maxRows} rows: ${excerpt(statement)}`, {
        hint: `add a limit, or sql(…, { maxRows: ${maxRows * 10} })`,
      })
    }
    return rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])))
  } catch (cause) {
    if (cause instanceof WhetstoneError) throw cause
    throw dataError(`${(cause as Error).message}: ${excerpt(statement)}`, { cause })
  } finally {
    await client.end().catch(() => {})
  }
}

async function driver() {
  try {
    return (await import('pg')).default
  } catch (cause) {
    throw dataError('sql(…) needs the package pg', { cause, hint: 'npm install pg' })
  }
}

/** As text in a URL or in JSON reads it. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'bigint' ? String(value) : value
}

function excerpt(statement: string): string {
  const line = statement.trim().replaceAll(/\s+/g, ' ')
  return line.length > 100 ? `${line.slice(0, 100)}…` : line
}
