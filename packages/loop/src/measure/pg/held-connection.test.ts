import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { startPgCollector } from './collector.ts'
import { HeldConnection } from './held-connection.ts'

describe('a connection that is held', () => {
  let server: PostgresServer
  let proxy: Proxy
  let url: string

  beforeAll(async () => {
    server = await startPostgres({})
  })
  afterAll(async () => await server.stop())
  beforeEach(async () => {
    const direct = new URL(await server.createDatabase(`app_${Math.trunc(performance.now() * 1_000)}`))
    proxy = new Proxy(Number(direct.port))
    direct.hostname = '127.0.0.1'
    direct.port = String(await proxy.open())
    url = direct.toString()
  })
  afterEach(async () => await proxy.close())

  it('is opened again, and tells for how long the server refused it', async () => {
    const held = await HeldConnection.open({ url, againAfterMs: 20 })
    expect(held.outages()).toEqual([])
    await proxy.close()
    await vi.waitFor(() => expect(held.outages()).toEqual([expect.objectContaining({ ended: false })]), bound)
    await proxy.open()
    await vi.waitFor(() => expect(held.outages()).toEqual([expect.objectContaining({ ended: true })]), bound)
    expect(held.outages()[0]!.durationMs).toBeGreaterThan(0)
    expect((await held.client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    await held.close()
  })

  it('counts no outage where it was only cut off', async () => {
    const held = await HeldConnection.open({ url, againAfterMs: 20 })
    const before = held.client
    proxy.cut()
    await vi.waitFor(() => expect(held.client).not.toBe(before), bound)
    expect(held.outages()).toEqual([])
    await held.close()
  })

  it('lets the window of a server that came back be read to its end', async () => {
    const collector = await startPgCollector({ url, activityIntervalMs: 10 })
    await proxy.close()
    await proxy.open()
    await vi.waitFor(() => expect(proxy.connections).toBeGreaterThan(1), bound)
    const evidence = await collector.finish({ statements: [] })
    expect(evidence.tables).toEqual([])
    expect(evidence.unavailable).not.toHaveProperty('settings')
    expect(evidence.settings).toHaveProperty('max_connections')
  })

  it('lets the window of a server that stays away end with what was seen', async () => {
    const collector = await startPgCollector({ url, activityIntervalMs: 10 })
    await proxy.close()
    const evidence = await collector.finish({ statements: [] })
    expect(evidence.activity.sessions?.looks).toBeGreaterThan(0)
    expect(evidence.unavailable).toHaveProperty('settings')
  })
})

const bound = { timeout: 20_000, interval: 10 }

/** Stands in front of the server, and can go away as it would: on the same port. */
class Proxy {
  connections = 0
  readonly #target: number
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #port = 0

  constructor(target: number) {
    this.#target = target
  }

  async open(): Promise<number> {
    this.#server = createServer(socket => {
      this.connections++
      const behind = connect(this.#target, '127.0.0.1')
      for (const one of [socket, behind]) {
        this.#sockets.add(one)
        one.on('error', () => {}).on('close', () => this.#sockets.delete(one))
      }
      socket.pipe(behind).pipe(socket)
    }).listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    this.#port = typeof address === 'object' && address ? address.port : 0
    return this.#port
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    server.close()
    this.cut()
    await once(server, 'close')
  }
}
