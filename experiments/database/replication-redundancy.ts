/** A standby that fell away unnoticed, its slot keeping log for nobody, against one that follows: then the primary is killed. */
import { ReplicaSet, queryableOf } from '@whetstone/runtime/data'
import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { defineDrill, spread } from '../define.ts'

const insert = 'INSERT INTO visit (page_id) VALUES ($1) RETURNING page_id'

function route(server: FastifyInstance, write: (page: number) => Promise<unknown>): void {
  server.get<{ Params: { page: string } }>('/visits/:page', async ({ params }) => await write(Number(params.page)))
}

/** A dead server ends connections that nobody uses; that is no reason for the service to end. */
function keepAlive(pool: Pool): Pool {
  return pool.on('error', () => undefined)
}

export const experiment = defineDrill({
  practice: 'replication-redundancy',
  drill: 'failover',
  database: 'CREATE TABLE visit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page_id int NOT NULL)',
  requests: [{ route: 'GET /visits/:page', paths: spread(500, page => `/visits/${page}`) }],
  load: { ratePerSecond: 60, durationMs: 5_000 },
  // A gigabyte of log, as the practice has it, would take a minute to write.
  settings: { keptBytes: 4_000_000 },
  before: {
    schema: `SELECT pg_create_physical_replication_slot('standby1', true);
      CREATE TABLE written AS SELECT i, md5(i::text) FROM generate_series(1, 100000) i`,
    app(server, { pg, connectionString }) {
      const pool = keepAlive(new pg.Pool({ connectionString, max: 4 }))
      route(server, async page => (await pool.query<object>(insert, [page])).rows)
    },
  },
  after: {
    standbys: 1,
    async app(server, { pg, connectionString, replicaConnectionStrings }) {
      const pools = [connectionString, ...replicaConnectionStrings].map(url =>
        queryableOf(keepAlive(new pg.Pool({ connectionString: url, max: 4 }))),
      )
      const database = new ReplicaSet(Object.fromEntries(pools.map((pool, at) => [`server${at}`, pool])))
      await database.ready
      route(server, async page => (await database.write(insert, [page])).rows)
    },
  },
  expects: { atLeast: 5 },
})
