/** What this folder already knows when a run begins: earlier runs, load tests, comparisons, and the commit that is measured. */
import type { HistoryEvidence, RunConditions } from '@whetstone/model'
import { earlierLoads } from './earlier-loads.ts'
import { earlierTrials } from './earlier-trials.ts'
import { gitCommit } from './git-commit.ts'
import { comparable, readIndex } from './run-folder.ts'

export interface HistoryOptions {
  /** The `.whetstone` folder. */
  readonly base: string
  /** Project root. */
  readonly root: string
  /** Of the service: load tests of others tell nothing about it. */
  readonly name: string
}

export async function historyOf(conditions: RunConditions, options: HistoryOptions): Promise<HistoryEvidence> {
  const [earlier, loads, trials, git] = await Promise.all([
    earlierRuns(options.base),
    earlierLoads(options.base, options.name),
    earlierTrials(options.base),
    gitCommit(options.root),
  ])
  return { schema: 'history@1', conditions, earlier, loads, trials, ...(git ? { git } : {}) }
}

async function earlierRuns(base: string): Promise<HistoryEvidence['earlier']> {
  return comparable(await readIndex(base))
    .slice(-20)
    .map(({ id, startedAt, p95Ms, git, findings }) => ({
      id,
      startedAt,
      p95Ms,
      ...(git ? { git } : {}),
      findings: findings.map(finding => finding.practice),
    }))
}
