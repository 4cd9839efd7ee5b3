import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { gitCommit } from './git-commit.ts'

let folder: string
const git = (...words: string[]) =>
  execFileSync('git', ['-c', 'user.name=ann', '-c', 'user.email=ann@example.org', ...words], {
    cwd: folder,
    encoding: 'utf8',
  }).trim()
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'whetstone-git-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

it('names the commit, and says when a tracked file differs from it', async () => {
  expect(await gitCommit(folder)).toBeUndefined()
  git('init', '--quiet')
  expect(await gitCommit(folder)).toBeUndefined()
  await writeFile(join(folder, 'server.js'), '1')
  git('add', '.')
  git('commit', '--quiet', '-m', 'first')
  const commit = git('rev-parse', 'HEAD')
  await writeFile(join(folder, 'note.txt'), 'not tracked')
  expect(await gitCommit(folder)).toEqual({ commit, dirty: false })
  await writeFile(join(folder, 'server.js'), '2')
  expect(await gitCommit(folder)).toEqual({ commit, dirty: true })
})
