/** A key derived with pbkdf2Sync, during which nobody else is served, against the same call on the thread pool. */
import { pbkdf2, pbkdf2Sync } from 'node:crypto'
import { promisify } from 'node:util'
import { defineExperiment, spread } from '../define.ts'

const derive = promisify(pbkdf2)
const ROUNDS = 150_000

interface Login {
  readonly Querystring: { readonly secret: string }
}

export const experiment = defineExperiment({
  practice: 'sync-io',
  database: 'CREATE TABLE unused (id int)',
  requests: [
    { route: 'GET /ping', paths: ['/ping'], weight: 8 },
    { route: 'GET /login', paths: spread(1_000, id => `/login?secret=${id}`), weight: 1 },
  ],
  load: { ratePerSecond: 45, durationMs: 8_000 },
  before: {
    app(server) {
      server.get('/ping', () => ({ alive: true }))
      server.get<Login>('/login', ({ query }) => ({
        key: pbkdf2Sync(query.secret, 'salt', ROUNDS, 32, 'sha256').toString('hex'),
      }))
    },
  },
  after: {
    app(server) {
      server.get('/ping', () => ({ alive: true }))
      server.get<Login>('/login', async ({ query }) => ({
        key: (await derive(query.secret, 'salt', ROUNDS, 32, 'sha256')).toString('hex'),
      }))
    },
  },
  answer: 'same',
  expects: { metric: 'p95', route: 'GET /ping', atLeast: 3 },
})
