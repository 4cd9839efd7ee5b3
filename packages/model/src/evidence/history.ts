/** How this run was made and the runs before it: what a sceptic asks first. */
export interface HistoryEvidence {
  readonly schema: 'history@1'
  readonly conditions: RunConditions
  readonly earlier: readonly EarlierRun[]
}
export interface RunConditions {
  readonly warmUpMs: number
  readonly measuredMs: number
  readonly requests: number
  readonly generatorVerdict: 'healthy' | 'degraded' | 'invalid'
  readonly stealFraction: number
  /** A trial ran in this run, with so many interleaved pairs. */
  readonly trialPairs?: number
  readonly guardSpreadFraction?: number
}
export interface EarlierRun {
  readonly id: string
  readonly startedAt: string
  readonly p95Ms?: number
  readonly findings: readonly string[]
}
