/** A real PgBouncer on a loopback port before a PostgreSQL of yours, in the pool mode you ask for. */
import { Client } from 'pg'
import { findTool } from './find-tool.ts'
import { startOnFreePort } from './start-on-free-port.ts'
import type { NotAvailable } from './tool.ts'

export interface PgbouncerOptions {
  /** Of the PostgreSQL behind it; whoever connects to PgBouncer is logged in there as this URL's user, without a password. */
  readonly databaseUrl: string
  /** Default `transaction`. */
  readonly poolMode?: 'session' | 'transaction' | 'statement'
  /** Connections to PostgreSQL for each database. Default 10. */
  readonly poolSize?: number
  /** Further lines of `[pgbouncer]`, such as `ignore_startup_parameters`. */
  readonly settings?: Readonly<Record<string, string | number>>
}

export interface PgbouncerServer {
  readonly kind: 'pgbouncer'
  /** Of the same database, through PgBouncer. */
  readonly url: string
  readonly port: number
  /** As it says itself, such as `PgBouncer 1.18.0`. */
  readonly version: string
  readonly stop: () => Promise<void>
}

export async function startPgbouncer(
  options: PgbouncerOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<PgbouncerServer | NotAvailable> {
  const tool = await findTool('pgbouncer', env)
  if (tool.kind !== 'binary') return tool
  const behind = new URL(options.databaseUrl)
  let pidFile = ''
  const { port, stop } = await startOnFreePort(
    tool,
    {
      name: 'PgBouncer',
      failureCode: 'WHET_SANDBOX_PGBOUNCER',
      refusesRoot: true,
      args: (_, folder) => [`${folder}/pgbouncer.ini`],
      files(onPort, folder) {
        pidFile = `${folder}/pgbouncer.pid`
        return { 'pgbouncer.ini': configuration(behind, onPort, pidFile, options) }
      },
      // Its console names the file of its process number, which lies in a folder that nobody else has.
      isOurs: async onPort =>
        (await askConsole(onPort, 'SHOW CONFIG')).some(row => row['key'] === 'pidfile' && row['value'] === pidFile),
    },
    env,
  )
  const [version] = await askConsole(port, 'SHOW VERSION')
  const url = new URL(options.databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(port)
  return { kind: 'pgbouncer', url: url.href, port, version: String(version?.['version']), stop }
}

function configuration(behind: URL, port: number, pidFile: string, options: PgbouncerOptions): string {
  return [
    '[databases]',
    `* = host=${behind.hostname} port=${behind.port || 5432} user=${decodeURIComponent(behind.username)}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    `pidfile = ${pidFile}`,
    // Nobody but this machine can reach it, and the console lets anybody in.
    'auth_type = any',
    `pool_mode = ${options.poolMode ?? 'transaction'}`,
    `default_pool_size = ${options.poolSize ?? 10}`,
    'max_client_conn = 1000',
    ...Object.entries(options.settings ?? {}).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n')
}

async function askConsole(port: number, command: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ host: '127.0.0.1', port, user: 'whetstone', database: 'pgbouncer', ssl: false })
  // The console ends a connection in its own way.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<Record<string, unknown>>(command)).rows
  } finally {
    await client.end()
  }
}
