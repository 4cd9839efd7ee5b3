/** Views of the few products that everybody looks at: one update and one commit a view, against the newest count by a journal and a flush for all. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileJournal, WriteBack, type WriteBackEntry } from '@whetstone/runtime/cache'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineDrill } from '../define.ts'

const products = 20
/** Two of three views are of the first one. */
const paths = Array.from({ length: 60 }, (_, at) => `/products/${at % 3 === 0 ? 1 + (at % products) : 1}`)

const counting: ExperimentArm['app'] = (server, { pg, connectionString }: ArmContext) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/products/:id', async ({ params: { id } }) => {
    await pool.query('UPDATE products SET views = views + 1 WHERE id = $1', [id])
    return { id, name: `product ${id}` }
  })
}

const journalled: ExperimentArm['app'] = async (server, { pg, connectionString }: ArmContext) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  const { rows } = await pool.query<{ id: number; views: number }>('SELECT id, views FROM products')
  const views = new Map(rows.map(row => [String(row.id), row.views]))
  const update = `
    UPDATE products SET views = v.views, views_sequence = v.sequence
    FROM unnest($1::int[], $2::int[], $3::bigint[]) AS v (id, views, sequence)
    WHERE products.id = v.id AND products.views_sequence < v.sequence`
  const folder = await mkdtemp(join(tmpdir(), 'whetstone-views-'))
  const writes = new WriteBack<number>({
    journal: new FileJournal({ folder }),
    // Nobody minds a count that is half a second old.
    lingerMs: 500,
    flush: (entries: readonly WriteBackEntry<number>[]) =>
      pool.query(update, [
        entries.map(({ key }) => key),
        entries.map(({ value }) => value),
        entries.map(({ sequence }) => sequence),
      ]),
  })
  await writes.open()
  server.addHook('onClose', async () => {
    await writes.close()
    await rm(folder, { recursive: true, force: true })
  })
  server.get<{ Params: { id: string } }>('/products/:id', async ({ params: { id } }) => {
    const count = (views.get(id) ?? 0) + 1
    views.set(id, count)
    // Answered when the journal has it on the disk: what was acknowledged survives a kill.
    await writes.write(id, count)
    return { id, name: `product ${id}` }
  })
}

export const experiment = defineDrill({
  practice: 'write-back',
  durable: true,
  database: `
    CREATE TABLE products (id int PRIMARY KEY, views int NOT NULL, views_sequence bigint NOT NULL DEFAULT 0);
    INSERT INTO products SELECT n, 0 FROM generate_series(1, ${products}) n`,
  requests: [{ route: 'GET /products/:id', paths }],
  load: { ratePerSecond: 100, durationMs: 8_000 },
  before: { app: counting },
  after: { app: journalled },
  drill: 'statements',
  expects: { atLeast: 5 },
})
