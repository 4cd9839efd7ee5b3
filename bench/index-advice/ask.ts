/** Puts one case to the adviser the way a run does: collector, questions, trials on a copy, findings. */
import { practices } from '@whetstone/catalogue'
import type { Evidence, PgEvidence, Statement, StatementsEvidence } from '@whetstone/model'
import { readStatement, statementId } from '@whetstone/probe/statement-text'
import type { PostgresServer } from '@whetstone/sandbox'
import { Client } from 'pg'
import { identify } from '../../packages/loop/src/identify/identify.ts'
import { gather } from '../../packages/loop/src/measure/gather.ts'
import { startPgCollector } from '../../packages/loop/src/measure/pg/collector.ts'
import { statementAccess } from '../../packages/loop/src/measure/statement-access.ts'
import { statementShape } from '../../packages/loop/src/measure/statement-shape.ts'
import type { CaseStatement, IndexCase } from './case.ts'

interface Advised {
  /** `CREATE INDEX … ON` of every finding. */
  readonly sql: readonly string[]
  readonly evidence: Evidence
}

const owners = new Set(['missing-index', 'composite-index', 'foreign-key-index'])
const asked = practices.filter(({ id }) => owners.has(id))

/** `url` is of a database of the case's own where it changes anything. */
export async function advise(
  { statements: given, writes }: IndexCase,
  url: string,
  scratch: PostgresServer,
): Promise<Advised> {
  const collector = await startPgCollector({ url })
  let statements: StatementsEvidence
  let pg: PgEvidence
  try {
    statements = await runWorkload(given, writes, url)
    pg = await collector.finish({ statements: statements.statements })
  } catch (error) {
    await collector.stop()
    throw error
  }
  const evidence: Evidence = { pg, statements }
  const { requests } = identify(evidence, asked)
  const answered = await gather(evidence, requests, {
    baseUrl: 'http://127.0.0.1:9',
    workload: { routes: [], skipped: [] },
    databaseUrl: url,
    scratch: () => Promise.resolve(scratch),
    signal: new AbortController().signal,
  })
  const { findings } = identify(answered, asked)
  return { sql: findings.flatMap(({ remedy }) => remedy.code?.after ?? []), evidence: answered }
}

/** Every call runs for real, once for each parameter set; the other calls of the window are taken to last as long. */
async function runWorkload(
  given: readonly CaseStatement[],
  writes: string | undefined,
  url: string,
): Promise<StatementsEvidence> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    if (writes !== undefined) await client.query(writes)
    const statements: Statement[] = []
    const uses: StatementsEvidence['uses'][number][] = []
    for (const [at, one] of given.entries()) {
      const statement = await runCalls(client, one)
      statements.push(statement)
      const calls = one.calls ?? 100
      const meanMs =
        statement.parameters.reduce((sum, { durationMs }) => sum + durationMs, 0) / statement.parameters.length
      uses.push({
        route: `GET /case/${at}`,
        statementId: statement.id,
        calls,
        requests: calls,
        totalMs: calls * meanMs,
        maxMs: Math.max(...statement.parameters.map(({ durationMs }) => durationMs)),
        rows: calls * (statement.parameters[0]?.rows ?? 0),
        poolWaitMs: 0,
        maxRepeatsInRequest: 1,
        requestsWithDuplicates: 0,
        duplicateCalls: 0,
        errors: 0,
      })
    }
    // What this connection wrote must be counted before the window ends.
    await client.query('select pg_stat_force_next_flush()')
    return { schema: 'statements@1', statements, uses, overflowed: 0 }
  } finally {
    await client.end()
  }
}

/** What changes rows is undone, so that every parameter set meets the same table. */
async function runCalls(client: Client, { text, sets = [[]] }: CaseStatement): Promise<Statement> {
  const texts = typeof text === 'string' ? [text] : text
  const parameters: Statement['parameters'][number][] = []
  const [first] = texts
  for (const each of texts) {
    for (const values of sets) {
      await client.query('BEGIN')
      const began = performance.now()
      const { rowCount } = await client.query(each, [...values])
      const durationMs = performance.now() - began
      await client.query('ROLLBACK')
      const sent = readStatement(each).placeholders.map(place =>
        place.kind === 'literal' ? place.value : (values[place.index - 1] ?? null),
      )
      parameters.push({ values: sent, kept: 'random', durationMs, rows: rowCount ?? 0 })
    }
  }
  const normalised = readStatement(first!).text
  const shape = statementShape(normalised)
  const access = statementAccess(first!, normalised)
  return {
    id: statementId(normalised),
    text: normalised,
    rawText: first!,
    ...(shape ? { shape } : {}),
    ...(access ? { access } : {}),
    parameters,
  }
}
