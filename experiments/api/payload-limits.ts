/** Twenty reports with every line of them in one answer of megabytes, against the same twenty with a link to their lines. */
import { contractChange, defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const answering =
  (sql: string): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    server.get('/reports', async () => (await pool.query(sql)).rows)
  }

export const experiment = defineExperiment({
  practice: 'payload-limits',
  database: `
    CREATE TABLE reports (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE lines (report_id int NOT NULL, number int NOT NULL, body text NOT NULL, PRIMARY KEY (report_id, number));
    INSERT INTO reports SELECT n, 'report ' || n FROM generate_series(1, 20) n;
    INSERT INTO lines SELECT report, number, md5((report * number)::text)
      FROM generate_series(1, 20) report, generate_series(1, 5000) number`,
  requests: [{ route: 'GET /reports', paths: spread(1_000, id => `/reports?by=${id}`) }],
  load: { ratePerSecond: 3, durationMs: 8_000 },
  before: {
    app: answering(`
      SELECT id, name, (SELECT jsonb_agg(jsonb_build_object('number', number, 'body', body))
        FROM lines WHERE report_id = reports.id) AS lines
      FROM reports ORDER BY id LIMIT 50`),
  },
  after: {
    app: answering(`SELECT id, name, '/reports/' || id || '/lines' AS lines FROM reports ORDER BY id LIMIT 50`),
  },
  answer: contractChange('the lines of a report are linked instead of embedded'),
  expects: { metric: 'bytes', atLeast: 100 },
})
