import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { cacheRoot } from './cache-root.ts'

const folder = mkdtempSync(join(tmpdir(), 'whetstone-cache-'))
chmodSync(folder, 0o755)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
/** Stands for the servers' user: not us, whoever runs the tests. */
const stranger = { uid: (process.getuid?.() ?? 0) + 4711, gid: (process.getgid?.() ?? 0) + 4711 }

it('follows XDG_CACHE_HOME, else the home', () => {
  expect(cacheRoot(undefined, { XDG_CACHE_HOME: join(folder, 'xdg'), HOME: folder })).toBe(
    join(folder, 'xdg', 'whetstone'),
  )
  expect(cacheRoot(undefined, { HOME: folder })).toBe(join(folder, '.cache', 'whetstone'))
})

it('is where the servers of root can enter, not in its home', () => {
  const root = cacheRoot(stranger, { HOME: '/root' })
  expect(root).toMatch(/whetstone-cache-\d+$/)
  expect(statSync(root).mode & 0o777).toBe(0o755)
})

it('is a temporary folder of our own where the home cannot be written', () => {
  writeFileSync(join(folder, 'no-folder'), '')
  expect(cacheRoot(undefined, { HOME: join(folder, 'no-folder') })).toMatch(/whetstone-cache-\d+$/)
})

it('refuses a chosen folder that the servers cannot enter', () => {
  const closed = join(folder, 'closed')
  mkdirSync(closed, { mode: 0o700 })
  expect(() => cacheRoot(stranger, { WHETSTONE_CACHE: join(closed, 'cache') })).toThrow(
    `because ${closed} is closed to it`,
  )
})

it('refuses a link and a file in its place', () => {
  symlinkSync(folder, join(folder, 'link'))
  writeFileSync(join(folder, 'file'), '')
  expect(() => cacheRoot(undefined, { WHETSTONE_CACHE: join(folder, 'link') })).toThrow('is not a folder')
  expect(() => cacheRoot(undefined, { WHETSTONE_CACHE: join(folder, 'file') })).toThrow('cannot be created')
})

it('closes a folder that others could write to', () => {
  const open = join(folder, 'open')
  mkdirSync(open)
  chmodSync(open, 0o777)
  cacheRoot(undefined, { WHETSTONE_CACHE: open })
  expect(statSync(open).mode & 0o777).toBe(0o755)
})
