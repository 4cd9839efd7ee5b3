/** Both arms stand behind the same small shared cache, which keeps what the headers allow: nothing, or thirty seconds. */
import type { FastifyInstance } from 'fastify'
import { defineExperiment } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

/** Stands for the proxy or CDN in front of a service. */
function sharedCache(server: FastifyInstance): void {
  const kept = new Map<string, { readonly body: string; readonly header: string; readonly until: number }>()
  server.addHook('onRequest', async (request, reply) => {
    const hit = kept.get(request.url)
    if (!hit || hit.until < performance.now()) return undefined
    void reply.header('cache-control', hit.header).type('application/json; charset=utf-8')
    return reply.send(hit.body)
  })
  server.addHook('onSend', async (request, reply, payload) => {
    const header = String(reply.getHeader('cache-control') ?? '')
    const seconds = Number(/max-age=(\d+)/.exec(header)?.[1] ?? 0)
    if (seconds > 0 && typeof payload === 'string' && !kept.has(request.url))
      kept.set(request.url, { body: payload, header, until: performance.now() + seconds * 1_000 })
    return payload
  })
}

const ranking =
  (header: string | undefined): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    sharedCache(server)
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    server.get('/ranking', async (_request, reply) => {
      if (header) void reply.header('cache-control', header)
      // The sleep stands for a statement that waits for a disk.
      const sql = 'SELECT id, points FROM players, pg_sleep(0.04) ORDER BY points DESC, id LIMIT 20'
      const { rows } = await pool.query<{ id: number; points: number }>(sql)
      return rows.map(({ id, points }) => ({ id, points }))
    })
  }

export const experiment = defineExperiment({
  practice: 'http-cache-headers',
  database: `
    CREATE TABLE players (id int PRIMARY KEY, points int NOT NULL);
    INSERT INTO players SELECT n, n % 97 FROM generate_series(1, 400) n`,
  requests: [{ route: 'GET /ranking', paths: ['/ranking'] }],
  load: { ratePerSecond: 15, durationMs: 8_000 },
  before: { app: ranking(undefined) },
  after: { app: ranking('public, max-age=30') },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 3 },
})
