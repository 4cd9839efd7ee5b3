/** How often one and the same row is updated: the rate of its statement, and what part of it goes to the row that is updated most. */
import type { RouteName, Statement, StatementsEvidence, TracesEvidence } from '@whetstone/model'
import { statementsById, workOf } from './statements.ts'
import { statementTimes } from './statement-time.ts'

export interface HotRow {
  readonly statement: Statement
  /** Of the row that is updated most, by whoever is measured. */
  readonly updatesPerSecond: number
  /** Of the sampled updates, those of that row. */
  readonly rowFraction: number
  /** Traced updates by which it was told. */
  readonly samples: number
  /** Of all writes of requests. */
  readonly writeFraction: number
  readonly meanMs: number
  readonly slowestMs: number
  readonly isInTransaction: boolean
  /** The only one that does it. */
  readonly route?: RouteName
}

interface HotRowEvidence {
  readonly statements: StatementsEvidence
  readonly traces: TracesEvidence
  readonly windowMs: number
}

/** Updates of one table by equal keys; equal parameters are taken for the same row. */
export function hotRows({ statements, traces, windowMs }: HotRowEvidence): readonly HotRow[] {
  const byId = statementsById(statements)
  const times = statementTimes(statements)
  const writes = times.reduce((sum, { statementId, calls }) => {
    return sum + (workOf(byId.get(statementId)) === 'write' ? calls : 0)
  }, 0)
  return times.flatMap(({ statementId, calls, meanMs, routes, uses }): readonly HotRow[] => {
    const statement = byId.get(statementId)
    if (!statement || !updatesByKey(statement) || windowMs <= 0) return []
    const spans = traces.traces
      .filter(({ kept }) => kept !== 'slowest')
      .flatMap(trace => trace.spans.filter(span => span.statementId === statementId && span.parametersHash))
    const [most, samples] = [mostFrequent(spans.map(({ parametersHash = '' }) => parametersHash)), spans.length]
    if (samples === 0) return []
    const [route] = routes
    return [
      {
        statement,
        updatesPerSecond: ((most / samples) * calls * 1_000) / windowMs,
        rowFraction: most / samples,
        samples,
        writeFraction: calls / writes,
        meanMs,
        slowestMs: Math.max(...uses.map(({ maxMs }) => maxMs)),
        isInTransaction: spans.some(({ transaction }) => transaction !== undefined),
        ...(routes.length === 1 && route !== undefined ? { route } : {}),
      },
    ]
  })
}

function updatesByKey({ shape }: Statement): boolean {
  if (shape?.operation !== 'update' || shape.tables.length !== 1) return false
  return shape.conditions.some(({ operator }) => operator === 'equal')
}

function mostFrequent(values: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return Math.max(0, ...counts.values())
}
