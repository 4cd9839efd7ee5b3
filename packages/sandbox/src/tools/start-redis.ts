/** A real Redis on a loopback port that keeps nothing on disk and leaves with us; or yours, named by `WHETSTONE_REDIS_URL`. */
import { WhetstoneError } from '@whetstone/model'
import { askPort } from './ask-port.ts'
import { findTool } from './find-tool.ts'
import { startOnFreePort } from './start-on-free-port.ts'
import type { ServerRecipe } from './start-on-free-port.ts'
import type { NotAvailable } from './tool.ts'

export interface RedisServer {
  readonly kind: 'redis'
  readonly url: string
  readonly port: number
  /** Of its process, which a drill may pause or kill; undefined for yours. */
  readonly pid: number | undefined
  /** False for yours: it is not stopped, and nothing in it may be deleted that we did not write. */
  readonly startedHere: boolean
  readonly stop: () => Promise<void>
}

export const redisRecipe: ServerRecipe = {
  name: 'Redis',
  failureCode: 'WHET_SANDBOX_REDIS_START',
  args: (port, folder) => [
    ...['--bind', '127.0.0.1', '--port', String(port)],
    ...['--save', '', '--appendonly', 'no', '--daemonize', 'no', '--dir', folder],
  ],
  isOurs: async (port, pid) =>
    (await askPort(port, 'INFO server\r\n', /process_id:\d+\r\n/)).includes(`process_id:${pid}\r\n`),
}

export async function startRedis(env: NodeJS.ProcessEnv = process.env): Promise<RedisServer | NotAvailable> {
  const own = env['WHETSTONE_REDIS_URL']
  if (own) return givenServer(own)
  const tool = await findTool('redis-server', env)
  if (tool.kind !== 'binary') return tool
  const { port, pid, stop } = await startOnFreePort(tool, redisRecipe, env)
  return { kind: 'redis', url: `redis://127.0.0.1:${port}`, port, pid, startedHere: true, stop }
}

function givenServer(url: string): RedisServer {
  const port = URL.canParse(url) ? Number(new URL(url).port || 6379) : NaN
  if (Number.isNaN(port)) {
    throw new WhetstoneError('WHET_SANDBOX_REDIS_URL', 'WHETSTONE_REDIS_URL is not a URL', {
      hint: 'WHETSTONE_REDIS_URL=redis://127.0.0.1:6379',
    })
  }
  return { kind: 'redis', url, port, pid: undefined, startedHere: false, stop: async () => await Promise.resolve() }
}
