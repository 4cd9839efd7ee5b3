/** The demo's stage: a PostgreSQL of its own, the slow shop's rows in it, and a copy with the migrations of the fixed shop. */
import { fileURLToPath } from 'node:url'
import { WhetstoneError } from '@whetstone/model'
import { compiledEntry } from '@whetstone/loop'
import type { PostgresServer } from '@whetstone/sandbox'
import type { FaultId } from '@whetstone/shop'
import pg from 'pg'

export interface ShopStand {
  readonly postgres: PostgresServer
  readonly rows: number
  /** The database of that name with the migrations of these fixes: a copy of the rows the first time, the same one after that. */
  databaseFor(name: string, fixes: readonly FaultId[]): Promise<string>
  /** Command and environment of the shop as a process. */
  command(
    databaseUrl: string,
    fixes: readonly FaultId[],
  ): { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> }
  close(): Promise<void>
}

const template = 'shop_template'

export async function openShop(): Promise<ShopStand> {
  const [sandbox, shop] = await Promise.all([
    optional(() => import('@whetstone/sandbox')),
    optional(() => import('@whetstone/shop')),
  ])
  const entry = await compiledEntry(fileURLToPath(import.meta.resolve('@whetstone/shop/main')))
  const postgres = await sandbox.startPostgres()
  try {
    await postgres.createDatabase(template)
    await withClient(urlOf(postgres, template), client => shop.createShop(client))
  } catch (error) {
    await postgres.stop()
    throw error
  }
  const made = new Set<string>()
  return {
    postgres,
    rows: shop.totalRows,
    async databaseFor(name, fixes) {
      const url = urlOf(postgres, name)
      if (!made.has(name)) await postgres.createDatabase(name, { template })
      made.add(name)
      await withClient(url, client => shop.migrate(client, new Set(fixes)))
      return url
    },
    command: (databaseUrl, fixes) => ({
      command: [process.execPath, '--enable-source-maps', entry],
      env: { DATABASE_URL: databaseUrl, SHOP_FIXES: fixes.join(','), PORT: '0', NODE_ENV: 'development' },
    }),
    close: () => postgres.stop(),
  }
}

async function optional<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw new WhetstoneError('WHET_NO_SANDBOX', 'the demo needs the packages @whetstone/sandbox and @whetstone/shop', {
      cause,
      hint: 'npm install @whetstone/sandbox @whetstone/shop',
    })
  }
}

function urlOf(postgres: PostgresServer, database: string): string {
  const url = new URL(postgres.url)
  url.pathname = `/${database}`
  return url.href
}

async function withClient(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}
