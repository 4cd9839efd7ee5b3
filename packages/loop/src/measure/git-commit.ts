/** Which commit was measured, so that a figure of last month can be found again in the code. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { RunInfo } from '@whetstone/model'

const timeLimitMs = 2_000

/** Undefined outside a repository, before its first commit, and where git is missing or slow. Files that git does not track are no change. */
export async function gitCommit(folder: string): Promise<RunInfo['git']> {
  // Only read: no lock that a commit under way would stumble over, no hook of the repository.
  const words = ['--no-optional-locks', '-c', 'core.fsmonitor=false', 'status', '--porcelain=v2', '--branch']
  const { stdout } = await promisify(execFile)('git', [...words, '--untracked-files=no'], {
    cwd: folder,
    timeout: timeLimitMs,
  }).catch(() => ({ stdout: '' }))
  const commit = /^# branch\.oid ([0-9a-f]{7,64})$/m.exec(stdout)?.[1]
  return commit === undefined ? undefined : { commit, dirty: /^[^#]/m.test(stdout) }
}
