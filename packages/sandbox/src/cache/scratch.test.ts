import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { thisLifetime } from '../process/lifetime.ts'
import { newScratch, ownerOf, scratchName, sweepScratch } from './scratch.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whetstone-scratch-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const dead = { ...thisLifetime(), pid: spawnSync('true').pid, startTicks: 1 }

it('a name tells its owner, and other names tell none', () => {
  expect(ownerOf(scratchName('pg', thisLifetime(), '0a1b2c3d'))).toEqual(thisLifetime())
  expect(['pg', 'pg-1', '', '../../etc', 'pg-zzzzzzzz-bf232075-1-1-0a1b2c3d'].map(ownerOf)).toEqual(
    Array(5).fill(undefined),
  )
})

it.each(['redis-server', 'nats-server', 'k6', 'pg'])('a folder of %s is found by its owner', purpose => {
  expect(ownerOf(scratchName(purpose, thisLifetime(), '0a1b2c3d'))).toEqual(thisLifetime())
})

it('sweeps what the dead left behind and nothing else', async () => {
  const living = newScratch(root, 'pg', undefined)
  const stale = ['pg', 'redis-server'].map(purpose => scratchName(purpose, dead, '00000001'))
  for (const name of stale) {
    mkdirSync(join(root, name, 'data'), { recursive: true })
    writeFileSync(join(root, name, 'data', 'file'), 'rows')
  }
  mkdirSync(join(root, 'somebody-elses'))
  expect((await sweepScratch(root, undefined)).toSorted()).toEqual(stale.toSorted())
  expect(existsSync(living)).toBe(true)
  expect(readdirSync(root)).toHaveLength(2)
})

it('spares a folder in which a server still ends', async () => {
  mkdirSync(join(root, scratchName('pg', dead, '00000001')))
  expect(await sweepScratch(root, undefined, () => true)).toEqual([])
})
