/** A real Redis Cluster of three masters on loopback ports: what works on one Redis may ask for keys of two slots, and only a cluster says so. */
import { setTimeout as delay } from 'node:timers/promises'
import { WhetstoneError, exitCodes } from '@whetstone/model'
import { freePort } from '../process/free-port.ts'
import { askPort } from './ask-port.ts'
import { findTool } from './find-tool.ts'
import { type ServerRecipe, startOnFreePort, type StartedServer } from './start-on-free-port.ts'
import { redisRecipe } from './start-redis.ts'
import type { NotAvailable, ToolBinary } from './tool.ts'

export interface RedisCluster {
  readonly kind: 'redis-cluster'
  /** Of its masters, each with a third of the slots; any of them tells a client of the others. */
  readonly ports: readonly number[]
  readonly stop: () => Promise<void>
}

type Node = StartedServer & { readonly busPort: number }

const masters = 3
const slots = 16_384
const formTimeoutMs = 30_000
const pollIntervalMs = 20

/** Always one of its own: nothing in it is anybody else's. It takes about three seconds. */
export async function startRedisCluster(env: NodeJS.ProcessEnv = process.env): Promise<RedisCluster | NotAvailable> {
  const tool = await findTool('redis-server', env)
  if (tool.kind !== 'binary') return tool
  const started = await Promise.allSettled(Array.from({ length: masters }, () => startNode(tool, env)))
  const nodes = started.flatMap(node => (node.status === 'fulfilled' ? [node.value] : []))
  const stop = async () => void (await Promise.all(nodes.map(node => node.stop())))
  try {
    for (const node of started) if (node.status === 'rejected') throw node.reason
    await form(nodes)
  } catch (error) {
    await stop()
    throw error
  }
  return { kind: 'redis-cluster', ports: nodes.map(({ port }) => port), stop }
}

/** Its bus gets a free port too: ten thousand above its own, where it would lie, may be anybody's. */
async function startNode(tool: ToolBinary, env: NodeJS.ProcessEnv): Promise<Node> {
  const busPort = await freePort()
  const recipe: ServerRecipe = {
    ...redisRecipe,
    name: 'A node of a Redis Cluster',
    args: (port, folder) => [
      ...redisRecipe.args(port, folder),
      ...['--cluster-enabled', 'yes', '--cluster-port', String(busPort)],
    ],
  }
  return { ...(await startOnFreePort(tool, recipe, env)), busPort }
}

async function form(nodes: readonly Node[]): Promise<void> {
  const [first, ...others] = nodes as [Node, ...Node[]]
  for (const [at, { port }] of nodes.entries()) {
    const [from, to] = [Math.ceil((slots * at) / masters), Math.ceil((slots * (at + 1)) / masters) - 1]
    await told(port, `CLUSTER SET-CONFIG-EPOCH ${at + 1}`)
    await told(port, `CLUSTER ADDSLOTSRANGE ${from} ${to}`)
  }
  for (const { port, busPort } of others) await told(first.port, `CLUSTER MEET 127.0.0.1 ${port} ${busPort}`)
  const deadlineMs = performance.now() + formTimeoutMs
  for (const { port } of nodes)
    while (!(await isWhole(port))) {
      if (performance.now() > deadlineMs) throw notFormed(`node ${port} does not see all ${slots} slots`)
      await delay(pollIntervalMs)
    }
}

/** A node says `ok` only when it knows who has every slot. */
async function isWhole(port: number): Promise<boolean> {
  const info = await askPort(port, 'CLUSTER INFO\r\n', /cluster_known_nodes:\d+\r\n/)
  return info.includes('cluster_state:ok\r\n') && info.includes(`cluster_known_nodes:${masters}\r\n`)
}

async function told(port: number, command: string): Promise<void> {
  const answer = await askPort(port, `${command}\r\n`, /\r\n/)
  if (!answer.startsWith('+OK')) throw notFormed(`${command}: ${answer.trim()}`)
}

function notFormed(why: string): WhetstoneError {
  return new WhetstoneError('WHET_SANDBOX_REDIS_START', `the Redis Cluster did not form: ${why}`, {
    exitCode: exitCodes.internal,
  })
}
