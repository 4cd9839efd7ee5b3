import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { startRedis } from './start-redis.ts'

async function say(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(command)
  const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string]
  socket.destroy()
  return answer
}

it('two servers answer PING side by side until they are stopped', { timeout: 400_000 }, async context => {
  const both = await Promise.all([
    startRedis({ ...process.env, WHETSTONE_REDIS_URL: '' }),
    startRedis({ ...process.env, WHETSTONE_REDIS_URL: '' }),
  ])
  const servers = both.flatMap(server => (server.kind === 'redis' ? [server] : []))
  const missing = both.find(server => server.kind === 'not-available')
  if (missing) return context.skip(`not run: ${missing.reason}`)
  expect(new Set(servers.map(server => server.port)).size).toBe(2)
  for (const server of servers) {
    expect(server).toMatchObject({ url: `redis://127.0.0.1:${server.port}`, startedHere: true })
    expect(await say(server.port, 'PING\r\n')).toBe('+PONG\r\n')
    await server.stop()
    await expect(say(server.port, 'PING\r\n')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  }
})

it('yours is used as it is and never stopped', async () => {
  const server = await startRedis({ WHETSTONE_REDIS_URL: 'redis://cache.internal:6380/2' })
  expect(server).toMatchObject({ url: 'redis://cache.internal:6380/2', port: 6380, startedHere: false })
})

it('says how the URL looks when yours is none', async () => {
  const hint = 'WHETSTONE_REDIS_URL=redis://127.0.0.1:6379'
  await expect(startRedis({ WHETSTONE_REDIS_URL: 'localhost' })).rejects.toMatchObject({
    code: 'WHET_SANDBOX_REDIS_URL',
    hint,
  })
})
