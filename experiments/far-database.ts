/** A database a millisecond away, as in another zone: an arm connects through the runner, which holds every answer back that long. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { ArmContext, ExperimentArm } from './define.ts'

/** A timer waits no shorter; what is added to every round trip is this and what the timer is late. */
const awayMs = 1

/** Opens a way to the database of whichever arm asks for one. */
export function farDatabase(server: FastifyInstance): void {
  const ways: Server[] = []
  server.get<{ Querystring: { port: string } }>('/way', async asked => {
    const way = createServer({ noDelay: true }, near => {
      const far = connect({ port: Number(asked.query.port), host: '127.0.0.1', noDelay: true })
      near.pipe(far)
      far.on('data', piece => setTimeout(() => near.writable && near.write(piece), awayMs))
      far.on('end', () => setTimeout(() => near.end(), awayMs))
      near.on('error', () => far.destroy())
      far.on('error', () => near.destroy())
    }).listen(0, '127.0.0.1')
    ways.push(way)
    await once(way, 'listening')
    return String((way.address() as AddressInfo).port)
  })
  server.addHook('onClose', () => {
    for (const way of ways) way.close()
  })
}

/** The same arm, with the way between it and its database. */
export const far = (arm: ExperimentArm): ExperimentArm => ({
  ...arm,
  app: async (server, context) => await arm.app(server, { ...context, connectionString: await wayTo(context) }),
})

async function wayTo({ connectionString, upstreamPort = 0 }: ArmContext): Promise<string> {
  const url = new URL(connectionString)
  const answer = await fetch(`http://127.0.0.1:${upstreamPort}/way?port=${url.port || '5432'}`)
  url.hostname = '127.0.0.1'
  url.port = await answer.text()
  return url.href
}
