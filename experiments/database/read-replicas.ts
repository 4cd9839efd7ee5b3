/** Reads that fill the one core of the primary, while a replica with a core of its own stands by, against reads on both. */
import { ReplicaSet, queryableOf } from '@whetstone/runtime/data'
import type { FastifyInstance } from 'fastify'
import { defineDrill, spread } from '../define.ts'

const tables = ['page', 'letter', 'note']
const owners = 40

/** Three statements of the same weight, none of which is most of the work: reading and hashing two hundred texts of one owner. */
const sqlOf = (table: string) =>
  `SELECT count(*)::int AS texts, max(md5(body)) AS seal FROM ${table} WHERE owner_id = $1`

type Ask = (text: string, owner: number) => Promise<readonly unknown[]>

function routes(server: FastifyInstance, ask: Ask): void {
  for (const table of tables) {
    server.get<{ Params: { owner: string } }>(`/${table}s/:owner`, async ({ params }) => {
      return await ask(sqlOf(table), Number(params.owner))
    })
  }
}

export const experiment = defineDrill({
  practice: 'read-replicas',
  drill: 'throughput',
  replicas: 1,
  database: tables
    .map(
      table => `CREATE TABLE ${table} (id int PRIMARY KEY, owner_id int NOT NULL, body text NOT NULL);
        INSERT INTO ${table} SELECT i, 1 + i % ${owners}, repeat(md5(i::text), 600) FROM generate_series(1, ${owners * 200}) i;
        CREATE INDEX ON ${table} (owner_id)`,
    )
    .join(';'),
  requests: tables.map(table => ({
    route: `GET /${table}s/:owner`,
    paths: spread(owners, owner => `/${table}s/${owner}`),
  })),
  load: { ratePerSecond: 90, durationMs: 8_000 },
  // The machine has two cores and the primary is kept to one of them: to be full is half of the machine.
  settings: { databaseBusy: 0.25 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 8 })
      routes(server, async (text, owner) => (await pool.query<object>(text, [owner])).rows)
    },
  },
  after: {
    async app(server, { pg, connectionString, replicaConnectionStrings }) {
      const servers = [connectionString, ...replicaConnectionStrings].map(
        (url, at) =>
          [at === 0 ? 'primary' : `replica${at}`, queryableOf(new pg.Pool({ connectionString: url, max: 8 }))] as const,
      )
      const database = new ReplicaSet(Object.fromEntries(servers), { readsOnPrimary: true })
      await database.ready
      routes(server, async (text, owner) => (await database.read(text, [owner])).rows)
    },
  },
  expects: { atLeast: 1.3 },
})
