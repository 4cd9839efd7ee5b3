/** Keeps a process on one core, so that tool and server do not push each other around; does nothing where `taskset` is missing. */
import { spawnSync } from 'node:child_process'
import { cpus } from 'node:os'

export function pin(pid: number | undefined, core: number): void {
  if (pid === undefined || core >= cpus().length) return
  spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' })
}
