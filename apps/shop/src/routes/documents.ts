/** Documents: signed invoices and the printable catalogue. */
import { pbkdf2, pbkdf2Sync } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import type { ShopContext } from '../context.ts'

const derive = promisify(pbkdf2)
const compress = promisify(gzip)
const signing = { salt: 'invoice', iterations: 40_000, keyBytes: 32, digest: 'sha256' } as const

export function documentRoutes(server: FastifyInstance, { pool, fixes }: ShopContext): void {
  server.get<{ Params: { id: string } }>('/invoices/:id', async request => {
    const id = request.params.id
    const key = fixes.has('sync-io')
      ? await derive(id, signing.salt, signing.iterations, signing.keyBytes, signing.digest)
      : pbkdf2Sync(id, signing.salt, signing.iterations, signing.keyBytes, signing.digest) // fault: sync-io
    return { invoice: id, signature: key.toString('hex') }
  })

  server.get<{ Params: { id: string } }>('/catalogue/:id', async (request, reply) => {
    const text =
      'SELECT id, name, price_cents, stock, description FROM products WHERE category_id = $1 ORDER BY id LIMIT 80'
    const { rows } = await pool.query(text, [request.params.id])
    reply.header('content-type', 'application/json; charset=utf-8').header('vary', 'accept-encoding')
    const body = JSON.stringify({ category: request.params.id, products: rows })
    const accepted = String(request.headers['accept-encoding'] ?? '')
    if (!fixes.has('response-compression') || !accepted.includes('gzip')) return reply.send(body)
    return reply.header('content-encoding', 'gzip').send(await compress(body, { level: 4 }))
  })
}
