import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { findTool } from './find-tool.ts'

const folder = mkdtempSync(join(tmpdir(), 'whetstone-tools-'))
chmodSync(folder, 0o755)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function program(name: string): string {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  const path = join(folder, 'bin', name)
  writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 })
  return path
}

describe('a tool is looked for', () => {
  it('where its variable says, before the PATH', async () => {
    const path = program('wrk')
    const own = program('my-wrk')
    const env = { PATH: join(folder, 'bin'), WHETSTONE_WRK: own }
    expect(await findTool('wrk', env)).toEqual({ kind: 'binary', name: 'wrk', path: own, env: {}, source: 'variable' })
    expect(await findTool('wrk', { PATH: env.PATH })).toEqual({
      kind: 'binary',
      name: 'wrk',
      path,
      env: {},
      source: 'path',
    })
  })

  it('and is not available when the variable names no program', async () => {
    const text = join(folder, 'notes.txt')
    writeFileSync(text, '', { mode: 0o644 })
    const reason = `needs wrk: WHETSTONE_WRK=${text} is no program we may run`
    expect(await findTool('wrk', { WHETSTONE_WRK: text })).toEqual({ kind: 'not-available', name: 'wrk', reason })
  })

  it('and is not available without apt', async () => {
    const found = await findTool('redis-server', { PATH: '' })
    expect(found).toMatchObject({
      reason: 'needs redis-server: no redis-server on the PATH, and no apt-get to fetch it',
    })
  })

  it('and is not fetched when that is forbidden', async () => {
    for (const name of ['apt-get', 'dpkg']) program(name)
    const env = { PATH: join(folder, 'bin'), WHETSTONE_CACHE: join(folder, 'empty'), WHETSTONE_OFFLINE: '1' }
    const reason = 'needs redis-server: no redis-server on the PATH, and WHETSTONE_OFFLINE forbids to fetch it'
    expect(await findTool('redis-server', env)).toMatchObject({ kind: 'not-available', reason })
  })
})

describe('a tool from Debian packages', () => {
  it('is fetched once by two who ask at a time, and runs', { timeout: 400_000 }, async context => {
    const bare = join(folder, 'bare')
    mkdirSync(bare)
    for (const name of ['apt-get', 'dpkg']) symlinkSync(`/usr/bin/${name}`, join(bare, name))
    const env = { PATH: bare, WHETSTONE_CACHE: join(folder, 'cache') }
    const [one, two] = await Promise.all([findTool('wrk', env), findTool('wrk', env)])
    if (one.kind === 'not-available') return context.skip(`not run: ${one.reason}`)
    expect(one).toEqual(two)
    expect(one.source).toBe('apt')
    const { stdout } = spawnSync(one.path, ['--version'], { env: one.env, encoding: 'utf8' })
    expect(stdout).toMatch(/^wrk /)
  })
})
