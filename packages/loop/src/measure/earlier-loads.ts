/** The load tests that were kept of a service, in the few figures that a later run judges by. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EarlierLoad, LoadReport } from '@whetstone/model'

/** As many as are worth comparing with; each is a file to read. */
const mostLoads = 20

/**
 * Oldest first. What cannot be read is passed over: a note beside the runs must not stop the next run.
 * @param base the `.whetstone` folder
 */
export async function earlierLoads(base: string, target: string): Promise<readonly EarlierLoad[]> {
  const folder = join(base, 'loads')
  const ids = (await readdir(folder).catch(() => [] as string[])).toSorted()
  const loads: EarlierLoad[] = []
  for (const id of ids.slice(-5 * mostLoads)) {
    const report = await readFile(join(folder, id, 'load.json'), 'utf8').then(parse, () => undefined)
    if (report?.schema === 'whetstone/load@1' && report.target.name === target) loads.push(summaryOf(report))
  }
  return loads.slice(-mostLoads)
}

function parse(text: string): LoadReport | undefined {
  try {
    return JSON.parse(text) as LoadReport
  } catch {
    return undefined
  }
}

function summaryOf({ run, kind, verdict, target, capacity, soak }: LoadReport): EarlierLoad {
  return {
    id: run.id,
    startedAt: run.startedAt,
    kind,
    verdict,
    durationMs: run.durationMs,
    ...(target.processes === undefined ? {} : { processes: target.processes }),
    ...(target.cpuBusyFraction === undefined ? {} : { cpuBusyFraction: target.cpuBusyFraction }),
    ...(capacity
      ? {
          capacity: {
            outcome: capacity.outcome,
            ...(capacity.ratePerSecond ? { ratePerSecond: capacity.ratePerSecond } : {}),
          },
          curve: capacity.trials.map(({ concurrency, achievedRatePerSecond }) => ({
            concurrency,
            ratePerSecond: achievedRatePerSecond,
          })),
        }
      : {}),
    ...(soak ? { trends: soak.trends.map(({ points: _points, ...trend }) => trend) } : {}),
  }
}
