import { expect, it } from 'vitest'
import { askPort } from './ask-port.ts'
import { startMemcached } from './start-memcached.ts'

it('two servers keep their own until they are stopped', { timeout: 400_000 }, async context => {
  const both = await Promise.all([startMemcached(), startMemcached()])
  const servers = both.flatMap(server => (server.kind === 'memcached' ? [server] : []))
  const missing = both.find(server => server.kind === 'not-available')
  if (missing) return context.skip(`not run: ${missing.reason}`)
  expect(new Set(servers.map(server => server.port)).size).toBe(2)
  for (const server of servers) {
    expect(server.address).toBe(`127.0.0.1:${server.port}`)
    const text = `from ${server.pid}`
    expect(await askPort(server.port, `set here 0 0 ${text.length}\r\n${text}\r\n`, /\r\n/)).toBe('STORED\r\n')
    expect(await askPort(server.port, 'get here\r\n', /END\r\n/)).toContain(text)
    await server.stop()
    await expect(askPort(server.port, 'version\r\n', /\r\n/)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  }
})
