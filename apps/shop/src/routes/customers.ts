/** Customers: account page, their orders, their activity. */
import type { FastifyInstance } from 'fastify'
import type { ShopContext } from '../context.ts'

interface CustomerRow {
  readonly id: number
  readonly name: string
  readonly email: string
  readonly city: string
}
interface ActivityRow {
  readonly id: number
  readonly kind: string
  readonly detail: string
  readonly created_at: Date
}

export function customerRoutes(server: FastifyInstance, { pool, fixes }: ShopContext): void {
  server.get<{ Params: { id: string } }>('/account/:id', async request => {
    const id = request.params.id
    const remembered = fixes.has('duplicate-queries') ? loadCustomer(id) : undefined
    const customer = () => remembered ?? loadCustomer(id)
    return { greeting: await greeting(customer), contact: await contact(customer), address: await address(customer) }
  })

  server.get<{ Params: { id: string } }>('/customers/:id/orders', async request => {
    const text = 'SELECT id, status, created_at FROM orders WHERE customer_id = $1 ORDER BY id DESC LIMIT 20'
    const { rows } = await pool.query(text, [request.params.id])
    return rows
  })

  server.get<{ Params: { id: string } }>('/customers/:id/activity', async request => {
    const everything = `SELECT id, kind, detail, created_at FROM activity WHERE customer_id = $1 ORDER BY created_at DESC, id`
    const id = request.params.id
    if (fixes.has('limit-result-sets')) {
      const { rows } = await pool.query<ActivityRow>(`${everything} LIMIT 20`, [id])
      return rows
    }
    const { rows } = await pool.query<ActivityRow>(everything, [id]) // fault: limit-result-sets
    return rows.slice(0, 20)
  })

  async function loadCustomer(id: string): Promise<CustomerRow | undefined> {
    const { rows } = await pool.query<CustomerRow>('SELECT id, name, email, city FROM customers WHERE id = $1', [id]) // fault: duplicate-queries
    return rows[0]
  }
}

type LoadedCustomer = () => Promise<CustomerRow | undefined>

const greeting = async (customer: LoadedCustomer) => `Hello, ${(await customer())?.name ?? 'stranger'}`
const contact = async (customer: LoadedCustomer) => (await customer())?.email ?? null
const address = async (customer: LoadedCustomer) => (await customer())?.city ?? null
