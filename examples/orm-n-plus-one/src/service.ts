/** The API that climbs: `GET /customers/:id/orders`, the latest orders of a customer with their lines and products. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RunningService } from '@whetstone/example-ladder'
import { withRequestScope } from '@whetstone/runtime'
import { latestOrders, type Loading } from './latest-orders.ts'
import { connect } from './models.ts'

export interface OrmService extends RunningService {
  /** Over all requests so far. */
  queriesPerRequest(): number
  /** What one request sends, which must be the only one at that time. */
  statementsOf(path: string): Promise<readonly string[]>
}

export async function startService(databaseUrl: string, loading: Loading): Promise<OrmService> {
  let [requests, queries] = [0, 0]
  let recorded: string[] | undefined
  const sequelize = connect(databaseUrl, sql => {
    queries += 1
    recorded?.push(sql)
  })
  // Connecting asks for the version of the server, which is of no request.
  await sequelize.authenticate()
  queries = 0
  const server = createServer((request, response) => {
    const customer = /^\/customers\/(\d+)\/orders$/.exec(request.url ?? '')?.[1]
    if (customer === undefined) return void response.writeHead(404).end()
    requests += 1
    // Two requests never share a batch.
    withRequestScope(() => latestOrders[loading](Number(customer))).then(
      orders => response.setHeader('content-type', 'application/json').end(JSON.stringify(orders)),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    port,
    queriesPerRequest: () => queries / Math.max(requests, 1),
    async statementsOf(path) {
      const own: string[] = []
      recorded = own
      try {
        await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
      } finally {
        recorded = undefined
      }
      return own
    },
    async close() {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
      await sequelize.close()
    },
  }
}
