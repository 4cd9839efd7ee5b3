/** Photos that are compressed again at every request and stay as large as they were, against photos that are sent as they are. */
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { FastifyReply } from 'fastify'
import { defineExperiment } from '../define.ts'

const bytes = 600_000

/** What a JPEG is to gzip: bytes without any pattern, the same on every machine. */
const photo = Buffer.concat(
  Array.from({ length: bytes / 32 }, (_, at) => createHash('sha256').update(`photo ${at}`).digest()),
)

const send = (reply: FastifyReply, body: Buffer) => reply.type('image/jpeg').send(body)

export const experiment = defineExperiment({
  practice: 'avoid-premature-optimisation',
  database: 'CREATE TABLE unused (id int)',
  requests: [{ route: 'GET /photo', paths: ['/photo'] }],
  load: { ratePerSecond: 20, durationMs: 8_000 },
  before: {
    app(server) {
      server.get('/photo', (request, reply) => {
        if (!/gzip/.test(request.headers['accept-encoding'] ?? '')) return send(reply, photo)
        return send(reply.header('content-encoding', 'gzip').header('vary', 'accept-encoding'), gzipSync(photo))
      })
    },
  },
  after: {
    app(server) {
      server.get('/photo', (_request, reply) => send(reply, photo))
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})
