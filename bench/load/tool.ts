/** One load tool in a process of its own: `tool.ts <name> <port> <connections> <seconds>`; tells its CPU time for the measured part. */
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { runInProcess } from '@whetstone/load'

const [name, portText, connectionsText, secondsText] = process.argv.slice(2)
const fullScenario = fileURLToPath(new URL('full.scenario.ts', import.meta.url))
const port = Number(portText)
const connections = Number(connectionsText)
const durationMs = Number(secondsText) * 1000
const url = `http://127.0.0.1:${port}/items/1`

const plan = {
  target: { host: '127.0.0.1', port },
  routes: [{ route: 'GET /items/:id', weight: 1, requests: [{ method: 'GET', path: '/items/1', headers: {} }] }],
  ratePerSecond: 1,
  warmUpMs: 0,
  arrivals: 'uniform',
  closed: { users: connections },
  seed: 1,
  maxConnections: connections,
  timeoutMs: 10_000,
} as const

const tools: Readonly<Record<string, (ms: number) => Promise<unknown>>> = {
  ours: ms => runInProcess({ ...plan, durationMs: ms }),
  full: ms => runInProcess({ ...plan, routes: [], scenario: { file: fullScenario }, durationMs: ms }),
  autocannon: ms => autocannon({ url, connections, duration: ms / 1000 }),
  'node-http': ms => nodeHttp(ms),
}

const tool = tools[name ?? '']
if (tool === undefined) throw new Error(`no tool ${name}`)
// Compilation and connections settle first, for every tool alike.
await tool(1000)
process.send!('warm')
await once(process, 'message')
const before = process.cpuUsage()
await tool(durationMs)
const { user, system } = process.cpuUsage(before)
process.send!({ cpuMicros: user + system }, undefined, undefined, () => process.exit(0))

async function nodeHttp(ms: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const endMs = performance.now() + ms
  const user = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await new Promise<void>((resolve, reject) => {
        get(url, { agent }, response => response.resume().on('end', resolve)).on('error', reject)
      })
    }
  }
  await Promise.all(Array.from({ length: connections }, user))
  agent.destroy()
}
