/** When the database could not be reached: whatever was measured then tells of its absence, not of the service. */
import type { PgEvidence, PgOutage, RunEvent } from '@whetstone/model'

/** One event an outage, for the log and for the warnings. */
export function outageEvents(pg: PgEvidence | undefined, runStartedAt: string): RunEvent[] {
  return (pg?.activity.outages ?? []).map(outage => ({
    atMs: Math.max(0, Date.parse(outage.startedAt) - Date.parse(runStartedAt)),
    kind: 'warning',
    text: textOf(outage),
  }))
}

function textOf({ startedAt, durationMs, ended }: PgOutage): string {
  const time = new Date(startedAt).toISOString().slice(11, 19)
  const seconds = (durationMs / 1_000).toFixed(1)
  const until = ended ? '' : ', until the end of the measurement'
  return `the database refused connections from ${time} UTC for ${seconds} s${until}: what was measured then tells of its absence, not of the service`
}
