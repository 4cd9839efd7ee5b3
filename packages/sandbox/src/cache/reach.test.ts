import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { blockingFolder, mayEnter } from './reach.ts'

const nobody = { uid: 65_534, gid: 65_534 }

it('the owner, the group and the others each have their own bit', () => {
  expect(mayEnter({ mode: 0o40_700, uid: 65_534, gid: 0 }, nobody)).toBe(true)
  expect(mayEnter({ mode: 0o40_077, uid: 65_534, gid: 65_534 }, nobody)).toBe(false)
  expect(mayEnter({ mode: 0o40_710, uid: 0, gid: 65_534 }, nobody)).toBe(true)
  expect(mayEnter({ mode: 0o40_701, uid: 0, gid: 65_534 }, nobody)).toBe(false)
  expect(mayEnter({ mode: 0o40_711, uid: 0, gid: 0 }, nobody)).toBe(true)
  expect(mayEnter({ mode: 0o40_750, uid: 0, gid: 0 }, nobody)).toBe(false)
})

/** Not us, whoever runs the tests. */
const stranger = { uid: (process.getuid?.() ?? 0) + 4711, gid: (process.getgid?.() ?? 0) + 4711 }

it('names the first closed folder on the way', () => {
  const closed = realpathSync(mkdtempSync(join(tmpdir(), 'whetstone-reach-')))
  const inner = join(closed, 'open')
  mkdirSync(inner, { mode: 0o755 })
  expect(blockingFolder(inner, stranger)).toBe(closed)
  chmodSync(closed, 0o711)
  expect(blockingFolder(inner, stranger)).toBeUndefined()
  rmSync(closed, { recursive: true })
})
