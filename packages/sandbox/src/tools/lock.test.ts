import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { scratchName } from '../cache/scratch.ts'
import { thisLifetime } from '../process/lifetime.ts'
import { withLock } from './lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'whetstone-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it('lets one work at a time, and leaves no lock behind', async () => {
  const path = join(folder, 'one')
  let inside = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++inside)
    await new Promise(resolve => setImmediate(resolve))
    inside--
  }
  await Promise.all([withLock(path, work), withLock(path, work), withLock(path, work)])
  expect(most).toBe(1)
  expect(existsSync(path)).toBe(false)
})

it('is released when the work fails', async () => {
  const path = join(folder, 'failing')
  await expect(withLock(path, async () => await Promise.reject(new Error('no luck')))).rejects.toThrow('no luck')
  expect(await withLock(path, async () => await Promise.resolve('again'))).toBe('again')
})

it('takes over from an owner that died', async () => {
  const path = join(folder, 'dead')
  writeFileSync(path, scratchName('lock', { ...thisLifetime(), pid: spawnSync('true').pid, startTicks: 1 }, '00000000'))
  expect(await withLock(path, async () => await Promise.resolve('mine'))).toBe('mine')
})

it('gives up on a living owner after its patience, with what to type', async () => {
  const path = join(folder, 'held')
  writeFileSync(path, scratchName('lock', thisLifetime(), '00000000'))
  const waiting = withLock(path, async () => await Promise.resolve(), 20)
  await expect(waiting).rejects.toMatchObject({
    code: 'WHET_SANDBOX_LOCK',
    hint: expect.stringContaining(`rm ${path}`) as string,
  })
})
