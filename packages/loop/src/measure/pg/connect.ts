/** A connection to the user's database that cannot write, cannot linger and says whose it is. */
import { Client } from 'pg'
import { WhetstoneError, exitCodes, maskSecrets } from '@whetstone/model'
import { reasonOf } from '../parts.ts'

export const applicationName = 'whetstone'
/** Stands behind the first word of every statement of ours (PostgreSQL drops it in front), so that pg_stat_statements can tell them from the application's. */
export const ownMark = '/* whetstone */'

export interface ConnectOptions {
  readonly statementTimeoutMs?: number
  readonly lockTimeoutMs?: number
}

const connectTimeoutMs = 5_000

export async function connectReadOnly(url: string, options: ConnectOptions = {}): Promise<Client> {
  return await connect(url, '-c default_transaction_read_only=on', options)
}

/** For databases that Whetstone itself created and will drop. */
export async function connectScratch(url: string, options: ConnectOptions = {}): Promise<Client> {
  return await connect(url, undefined, options)
}

export interface DatabaseServer {
  /** Host name, address, or the folder of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly isLocal: boolean
}

const localHost = /^(localhost|127(\.\d+){3}|\[?::1\]?|\/.*|)$/i

/** The server that a connection with this URL would reach: the host may also stand in the query or in PGHOST, and those win. */
export function serverOf(url: string): DatabaseServer {
  const { host, port } = new Client({ connectionString: withoutOurParameters(url) })
  return { host, port, isLocal: localHost.test(host) }
}

async function connect(url: string, startupOptions: string | undefined, options: ConnectOptions): Promise<Client> {
  const { statementTimeoutMs = 2_000, lockTimeoutMs = 500 } = options
  let client: Client | undefined
  try {
    client = new Client({
      connectionString: withoutOurParameters(url),
      application_name: applicationName,
      connectionTimeoutMillis: connectTimeoutMs,
      // At start-up and not by SET: behind a pooler a SET would stay on a connection that the application uses next.
      ...(startupOptions ? { options: startupOptions } : {}),
    })
    // The server may go away at any moment; the query in flight rejects, the connection itself must not throw.
    client.on('error', () => {})
    await client.connect()
    if (startupOptions) await assertReadOnly(client)
    // By SET, so that pg_settings.reset_val still tells what the application's own connections get.
    await client.query(`SET statement_timeout = ${statementTimeoutMs}; SET lock_timeout = ${lockTimeoutMs}`)
    return client
  } catch (cause) {
    await client?.end().catch(() => {})
    throw unreachable(url, cause)
  }
}

async function assertReadOnly(client: Client): Promise<void> {
  const { rows } = await client.query<{ value: string }>("select current_setting('transaction_read_only') as value")
  if (rows[0]?.value !== 'on') throw new Error('the connection would not become read-only')
}

/** In the URL they would win over ours. */
function withoutOurParameters(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  for (const name of ['application_name', 'options', 'statement_timeout']) parsed.searchParams.delete(name)
  return parsed.toString()
}

function unreachable(url: string, cause: unknown): WhetstoneError {
  const reason = maskSecrets(reasonOf(cause))
  return new WhetstoneError('WHET_DATABASE_UNREACHABLE', `cannot read the database ${maskSecrets(url)}: ${reason}`, {
    hint: 'check that it is running and that this works: psql "$DATABASE_URL" -c "select 1"; a pooler in transaction mode must be bypassed',
    cause,
    exitCode: exitCodes.target,
  })
}
