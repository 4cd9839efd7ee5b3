/** Every kind of evidence by its name: what collectors write, what practices read. */
import type { AnswersEvidence } from './answers.ts'
import type { CountersEvidence } from './counters.ts'
import type { CpuProfileEvidence } from './cpu-profile.ts'
import type { DrillsEvidence } from './drills.ts'
import type { HeapProfileEvidence } from './heap-profile.ts'
import type { HistoryEvidence } from './history.ts'
import type { HostEvidence } from './host.ts'
import type { HttpProbeEvidence } from './http-probe.ts'
import type { LoadCurveEvidence } from './load-curve.ts'
import type { PgEvidence } from './pg.ts'
import type { RedisEvidence } from './redis.ts'
import type { RuntimeEvidence } from './runtime.ts'
import type { SourceEvidence } from './source.ts'
import type { StatementsEvidence } from './statements.ts'
import type { TracesEvidence } from './traces.ts'

export interface EvidenceByKind {
  readonly 'http-probe': HttpProbeEvidence
  readonly 'load-curve': LoadCurveEvidence
  readonly traces: TracesEvidence
  readonly statements: StatementsEvidence
  readonly pg: PgEvidence
  readonly redis: RedisEvidence
  readonly runtime: RuntimeEvidence
  readonly counters: CountersEvidence
  readonly 'cpu-profile': CpuProfileEvidence
  readonly 'heap-profile': HeapProfileEvidence
  readonly host: HostEvidence
  readonly drills: DrillsEvidence
  readonly source: SourceEvidence
  readonly history: HistoryEvidence
  readonly answers: AnswersEvidence
}
export type EvidenceKind = keyof EvidenceByKind
export type Evidence = Partial<EvidenceByKind>

export const evidenceKinds: readonly EvidenceKind[] = [
  'http-probe',
  'load-curve',
  'traces',
  'statements',
  'pg',
  'redis',
  'runtime',
  'counters',
  'cpu-profile',
  'heap-profile',
  'host',
  'drills',
  'source',
  'history',
  'answers',
]

export type * from './answers.ts'
export type * from './cache-use.ts'
export type * from './counters.ts'
export type * from './cpu-profile.ts'
export type * from './drills.ts'
export type * from './heap-profile.ts'
export type * from './histogram.ts'
export type * from './history.ts'
export type * from './host.ts'
export type * from './http-probe.ts'
export type * from './load-curve.ts'
export type * from './metrics-page.ts'
export type * from './pg-health.ts'
export type * from './pg-replication.ts'
export type * from './pg-sessions.ts'
export type * from './pg.ts'
export type * from './redis.ts'
export type * from './runtime.ts'
export type * from './source.ts'
export type * from './statements.ts'
export type * from './traces.ts'
