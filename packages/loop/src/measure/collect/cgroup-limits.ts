/** What the group of processes we run in (a container, a unit) may use; what we start runs in it too. */
import { readFileSync } from 'node:fs'
import os from 'node:os'
import type { HostEvidence } from '@whetstone/model'

/** Nothing where there is no limit, or none below what the machine has. */
export function readLimits(): Pick<HostEvidence, 'memoryLimitBytes' | 'cpuLimitCores'> {
  const memoryLimitBytes = process.constrainedMemory()
  const cpuLimitCores =
    parseQuota(textOf('/sys/fs/cgroup/cpu.max')) ??
    parseQuota(`${textOf('/sys/fs/cgroup/cpu/cpu.cfs_quota_us')} ${textOf('/sys/fs/cgroup/cpu/cpu.cfs_period_us')}`)
  return {
    ...(memoryLimitBytes > 0 && memoryLimitBytes < os.totalmem() ? { memoryLimitBytes } : {}),
    ...(cpuLimitCores !== undefined && cpuLimitCores < os.availableParallelism() ? { cpuLimitCores } : {}),
  }
}

/** `150000 100000` is one core and a half; `max` and -1 are no limit. */
export function parseQuota(text: string): number | undefined {
  const [quota, period] = text.trim().split(/\s+/).map(Number)
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : undefined
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1').trim()
  } catch {
    return ''
  }
}
