/** How busy the database kept the machine. */
import type { HostEvidence } from '@whetstone/model'

/** Mean share of the machine the database used; undefined where it could not be told apart. */
export function databaseBusy({ samples, cores }: HostEvidence): number | undefined {
  const known = samples.flatMap(sample => sample.databaseCpuCores ?? [])
  return known.length === 0 ? undefined : known.reduce((sum, used) => sum + used, 0) / known.length / cores
}
