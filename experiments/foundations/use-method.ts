/** Three idle-looking helpers that fill all cores of a small machine, against the same service without them. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { FastifyInstance } from 'fastify'
import { defineExperiment, spread, type ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 4, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/days/:id', async ({ params }) => {
    const sql = 'select sum(visits)::int as visits from days where shop = $1'
    return (await pool.query(sql, [Number(params.id)])).rows[0]
  })
}

/** What a shell computes stands in no profile of the service: only the machine shows it. */
function computeBeside(server: FastifyInstance): void {
  const beside: ChildProcess[] = Array.from({ length: 3 }, () =>
    spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }),
  )
  const end = () => beside.forEach(child => child.kill('SIGKILL'))
  process.on('exit', end)
  server.addHook('onClose', end)
}

export const experiment = defineExperiment({
  practice: 'use-method',
  database: `CREATE TABLE days AS SELECT shop, day, (shop * day) % 97 AS visits FROM generate_series(1, 100) shop, generate_series(1, 2000) day;
    CREATE INDEX days_shop ON days (shop) INCLUDE (visits); ANALYZE days`,
  requests: [{ route: 'GET /days/:id', paths: spread(100, id => `/days/${id}`) }],
  load: { ratePerSecond: 40, durationMs: 10_000 },
  before: {
    async app(server, context) {
      await app(server, context)
      computeBeside(server)
    },
  },
  after: { app },
  answer: 'same',
  expects: { metric: 'cpu', atLeast: 3 },
})
