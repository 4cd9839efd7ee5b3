import { createServer, type AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { candidates, type PortLayout, urlOf } from './service-socket.ts'

const hasIpv6 = Object.values(networkInterfaces()).some(addresses =>
  addresses?.some(({ address }) => address === '::1'),
)
const sockets = (...ports: readonly number[]) => ports.map(port => ({ address: '127.0.0.1', port }))
const alone: PortLayout = { port: 40_001, ports: [40_001] }
const withMetrics: PortLayout = { port: 3_000, ports: [3_000, 9_090] }
const onAnyPort: PortLayout = { port: 40_001, ports: [9_090, 40_001] }

describe('which socket is the service', () => {
  it.each([
    ['the lowest when nothing is known', sockets(3_000, 9_090), undefined, false, [3_000]],
    ['the only one, wherever it is this time', sockets(40_002), alone, false, [40_002]],
    ['the same port as before, not the lower one', sockets(2_000, 3_000), withMetrics, false, [3_000]],
    ['none yet while the metrics alone are up', sockets(9_090), withMetrics, false, []],
    ['the one that was not there before', sockets(9_090, 40_002), onAnyPort, false, [40_002]],
    ['each that was not there before', sockets(9_090, 40_002, 40_003), onAnyPort, false, [40_002, 40_003]],
    ['what there is when no more come', sockets(9_090), withMetrics, true, [9_090]],
    ['none when none listens', sockets(), withMetrics, true, []],
  ])('%s', (_, open, layout, waited, expected) => {
    expect(candidates(open, layout, waited).map(({ port }) => port)).toEqual(expected)
  })
})

describe('the URL of a socket', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1:3000'],
    ['0.0.0.0', 'http://127.0.0.1:3000'],
    ['::1', 'http://[::1]:3000'],
    ['192.0.2.2', 'http://192.0.2.2:3000'],
  ])('of %s', async (address, expected) => {
    expect(await urlOf({ address, port: 3_000 })).toBe(expected)
  })

  it.skipIf(!hasIpv6).each([
    ['IPv4 where the server takes both', { host: '::', ipv6Only: false }, '127.0.0.1'],
    ['IPv6 where it takes nothing else', { host: '::', ipv6Only: true }, '[::1]'],
  ])('of :: is %s', async (_, options, host) => {
    const server = createServer()
    await new Promise<void>(resolve => void server.listen({ port: 0, ...options }, resolve))
    const { port } = server.address() as AddressInfo
    expect(await urlOf({ address: '::', port })).toBe(`http://${host}:${port}`)
    server.close()
  })
})
