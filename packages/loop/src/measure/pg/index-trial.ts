import type { PgEvidence } from '@whetstone/model'
export interface IndexTrialOptions {
  scratch?: () => Promise<unknown>
  ownDatabase?: unknown
}
export async function runIndexTrials(pg: PgEvidence, _r: unknown, _o: unknown): Promise<PgEvidence> {
  return pg
}
