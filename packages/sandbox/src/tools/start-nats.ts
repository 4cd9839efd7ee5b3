/** A real nats-server on a loopback port that keeps nothing on disk and leaves with us; or yours, named by `WHETSTONE_NATS_URL`. */
import { randomUUID } from 'node:crypto'
import { WhetstoneError } from '@whetstone/model'
import { askPort } from './ask-port.ts'
import { findTool } from './find-tool.ts'
import { startOnFreePort } from './start-on-free-port.ts'
import type { NotAvailable } from './tool.ts'

export interface NatsServer {
  readonly kind: 'nats'
  readonly url: string
  readonly port: number
  /** False for yours: it is not stopped. */
  readonly startedHere: boolean
  readonly stop: () => Promise<void>
}

export async function startNats(env: NodeJS.ProcessEnv = process.env): Promise<NatsServer | NotAvailable> {
  const own = env['WHETSTONE_NATS_URL']
  if (own) return givenServer(own)
  const tool = await findTool('nats-server', env)
  if (tool.kind !== 'binary') return tool
  // Its greeting says no process number, so it is known by a name that nobody else has.
  const name = `whetstone-${randomUUID()}`
  const { port, stop } = await startOnFreePort(
    tool,
    {
      name: 'NATS',
      failureCode: 'WHET_SANDBOX_NATS_START',
      args: onPort => ['--addr', '127.0.0.1', '--port', String(onPort), '--name', name],
      isOurs: async onPort => (await askPort(onPort, '', /\r\n/)).includes(`"server_name":"${name}"`),
    },
    env,
  )
  return { kind: 'nats', url: `nats://127.0.0.1:${port}`, port, startedHere: true, stop }
}

function givenServer(url: string): NatsServer {
  const port = URL.canParse(url) ? Number(new URL(url).port || 4222) : NaN
  if (Number.isNaN(port)) {
    throw new WhetstoneError('WHET_SANDBOX_NATS_URL', 'WHETSTONE_NATS_URL is not a URL', {
      hint: 'WHETSTONE_NATS_URL=nats://127.0.0.1:4222',
    })
  }
  return { kind: 'nats', url, port, startedHere: false, stop: async () => await Promise.resolve() }
}
