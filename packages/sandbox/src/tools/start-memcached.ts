/** A real memcached on a loopback port that leaves with us. */
import { askPort } from './ask-port.ts'
import { findTool } from './find-tool.ts'
import { startOnFreePort } from './start-on-free-port.ts'
import type { ServerRecipe } from './start-on-free-port.ts'
import type { NotAvailable } from './tool.ts'

export interface MemcachedServer {
  readonly kind: 'memcached'
  /** As its clients want it: `127.0.0.1:11211`. */
  readonly address: string
  readonly port: number
  /** Of its process, which a drill may pause or kill. */
  readonly pid: number
  readonly stop: () => Promise<void>
}

const memcached: ServerRecipe = {
  name: 'memcached',
  failureCode: 'WHET_SANDBOX_MEMCACHED',
  refusesRoot: true,
  args: port => ['--listen=127.0.0.1', `--port=${port}`, '--udp-port=0', '--memory-limit=64'],
  isOurs: async (port, pid) => (await askPort(port, 'stats\r\n', /END\r\n/)).includes(`STAT pid ${pid}\r\n`),
}

export async function startMemcached(env: NodeJS.ProcessEnv = process.env): Promise<MemcachedServer | NotAvailable> {
  const tool = await findTool('memcached', env)
  if (tool.kind !== 'binary') return tool
  const { port, pid, stop } = await startOnFreePort(tool, memcached, env)
  return { kind: 'memcached', address: `127.0.0.1:${port}`, port, pid, stop }
}
