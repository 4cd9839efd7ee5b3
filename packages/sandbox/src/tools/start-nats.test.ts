import { connect } from 'node:net'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { startNats } from './start-nats.ts'

async function greeting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const [text] = (await once(socket.setEncoding('utf8'), 'data')) as [string]
  socket.destroy()
  return text
}

it('two servers greet side by side until they are stopped', { timeout: 400_000 }, async context => {
  const env = { ...process.env, WHETSTONE_NATS_URL: '' }
  const both = await Promise.all([startNats(env), startNats(env)])
  const servers = both.flatMap(server => (server.kind === 'nats' ? [server] : []))
  const missing = both.find(server => server.kind === 'not-available')
  if (missing) return context.skip(`not run: ${missing.reason}`)
  expect(new Set(servers.map(server => server.port)).size).toBe(2)
  for (const server of servers) {
    expect(server).toMatchObject({ url: `nats://127.0.0.1:${server.port}`, startedHere: true })
    expect(await greeting(server.port)).toMatch(/^INFO \{.*"server_name":"whetstone-/)
    await server.stop()
    await expect(greeting(server.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  }
})

it('yours is used as it is and never stopped', async () => {
  const server = await startNats({ WHETSTONE_NATS_URL: 'nats://bus.internal' })
  expect(server).toMatchObject({ url: 'nats://bus.internal', port: 4222, startedHere: false })
})

it('says how the URL looks when yours is none', async () => {
  const hint = 'WHETSTONE_NATS_URL=nats://127.0.0.1:4222'
  await expect(startNats({ WHETSTONE_NATS_URL: 'localhost' })).rejects.toMatchObject({
    code: 'WHET_SANDBOX_NATS_URL',
    hint,
  })
})
