/** How many processes of a service share its work, and how full its machine is meanwhile: what a load test is compared by later. */
import type { LoadedTarget } from '@whetstone/model'
import { quantile } from '@whetstone/stats'
import { familyOf, type ProcessTicks } from './collect/proc-files.ts'
import { startHostCollector } from './collect/host.ts'
import { runningProcesses } from './process-tree.ts'

export type WorkSeen = Pick<LoadedTarget, 'processes' | 'cpuBusyFraction'>

/** Of what the busiest process took: a parent that only hands connections on takes less. */
const leastShare = 0.2
/** A tenth of a second: with less, nobody worked. */
const leastTicks = 10
/** The fullest part of a test tells whether the machine was the limit; its very peak may be chance. */
const fullest = 0.9

/** Call what it returns when the test is over. Nothing is seen where there is no /proc. */
export function watchWork(pid: number): () => WorkSeen {
  const before = new Map(family(pid).map(process => [process.pid, process.cpuTicks]))
  const host = startHostCollector()
  return () => {
    const { samples } = host.finish()
    // A process that began meanwhile worked from its beginning on.
    const worked = family(pid).map(process => process.cpuTicks - (before.get(process.pid) ?? 0))
    const most = Math.max(0, ...worked)
    return {
      ...(most >= leastTicks ? { processes: worked.filter(ticks => ticks >= most * leastShare).length } : {}),
      ...(samples.length > 0
        ? {
            cpuBusyFraction: quantile(
              samples.map(sample => sample.cpuBusyFraction),
              fullest,
            ),
          }
        : {}),
    }
  }
}

const family = (pid: number): readonly ProcessTicks[] => familyOf([pid], runningProcesses())
