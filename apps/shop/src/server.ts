/** The shop as one Fastify server: every route, and the faults that were not fixed. */
import Fastify, { type FastifyInstance } from 'fastify'
import { createPool } from './database.ts'
import type { Fixes } from './faults.ts'
import { customerRoutes } from './routes/customers.ts'
import { documentRoutes } from './routes/documents.ts'
import { orderRoutes } from './routes/orders.ts'
import { productRoutes } from './routes/products.ts'

export function createServer(connectionString: string, fixes: Fixes): FastifyInstance {
  const server = Fastify()
  const pool = createPool(connectionString, fixes)
  const context = { pool, connectionString, fixes }
  server.get('/healthz', () => ({ ok: true }))
  orderRoutes(server, context)
  productRoutes(server, context)
  customerRoutes(server, context)
  documentRoutes(server, context)
  server.get<{ Params: { id: string } }>('/cities/:id', async request => {
    const { rows } = await pool.query('SELECT id, name, city FROM customers WHERE id = $1', [request.params.id])
    return rows[0] ?? null
  })
  server.addHook('onClose', () => pool.end())
  return server
}
