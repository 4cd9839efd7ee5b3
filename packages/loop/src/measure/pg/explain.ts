/** Asks PostgreSQL how it would run a statement: whatever the parameters (generic), and with parameters that were really used. */
import type { Client } from 'pg'
import type { ParameterSample, PgPlan, Statement } from '@whetstone/model'
import { isSingleStatement, parsableText } from '../statement/parse.ts'
import { reasonOf } from '../parts.ts'
import { ownMark } from './connect.ts'
import { planOf } from './plan.ts'
import type { ExplainedPlan } from './plan.ts'

/** `EXPLAIN (GENERIC_PLAN)` exists since this version. */
const genericPlanSince = 160_000

export function isPlannable({ shape }: Statement): boolean {
  return shape !== undefined && /^(?:select|update|delete)$/.test(shape.operation)
}

/** Nothing but reading: no locks, no writing common table expression. Functions with side effects are stopped by the read-only transaction. */
export function isReadOnly({ shape }: Statement): boolean {
  return shape?.operation === 'select' && !shape.locks
}

/**
 * The plan for any parameters. The raw text comes first: the normalised one has parameters where the application has
 * constants, and `data->>$1` means nothing without a type.
 */
export async function explainGeneric(
  client: Client,
  statement: Statement,
  serverVersion: number,
): Promise<ExplainedPlan | undefined> {
  const texts = [...new Set([statement.rawText, statement.text, parsableText(statement.text)])]
  let failure: unknown
  for (const text of texts) {
    // Without parameters to bind, the server would run a second statement of the text as well.
    if (text === undefined || !isSingleStatement(text)) continue
    try {
      return serverVersion >= genericPlanSince
        ? await explained(client, `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`)
        : await explainPrepared(client, text)
    } catch (error) {
      failure ??= error
    }
  }
  if (failure === undefined) return undefined
  throw failure
}

/** Before PostgreSQL 16: prepare, force the generic plan, execute with NULLs. */
async function explainPrepared(client: Client, text: string): Promise<ExplainedPlan | undefined> {
  await client.query(`PREPARE whetstone_plan AS ${text}`)
  try {
    const { rows } = await client.query<{ count: number }>(
      `select ${ownMark} coalesce(array_length(parameter_types, 1), 0)::int as count from pg_prepared_statements where name = 'whetstone_plan'`,
    )
    const count = rows[0]?.count ?? 0
    await client.query('SET plan_cache_mode = force_generic_plan')
    const values = count > 0 ? `(${Array<string>(count).fill('null').join(', ')})` : ''
    return await explained(client, `EXPLAIN (FORMAT JSON) EXECUTE whetstone_plan${values}`)
  } finally {
    await client.query('RESET plan_cache_mode; DEALLOCATE whetstone_plan')
  }
}

export async function explainWith(
  client: Client,
  statement: Statement,
  sample: ParameterSample,
  options = 'FORMAT JSON',
): Promise<ExplainedPlan | undefined> {
  const text = boundText(statement, sample)
  return text === undefined ? undefined : await explained(client, `EXPLAIN (${options}) ${text}`, sample.values)
}

/** The text whose `$n` the sample's values belong to; undefined where some were not kept. */
export function boundText(statement: Statement, sample: ParameterSample): string | undefined {
  const text = parsableText(statement.text)
  const wanted = new Set([...text.matchAll(/\$(\d+)/g)].map(match => match[1])).size
  return wanted === sample.values.length ? text : undefined
}

async function explained(
  client: Client,
  text: string,
  values?: ParameterSample['values'],
): Promise<ExplainedPlan | undefined> {
  const { rows } = await client.query<{ 'QUERY PLAN': unknown }>(`${text}`, values ? [...values] : undefined)
  return planOf(rows[0]?.['QUERY PLAN'])
}

export interface ExplainOptions {
  readonly serverVersion: number
  readonly maxStatements: number
  readonly maxParameterSets: number
  /** Runs the statement: only for reads, only when the user asked. */
  readonly analyze: boolean
  readonly deadlineMs: number
  readonly now: () => number
}

/** Plans in the order given; what cannot be planned is counted with the first reason. */
export async function explainAll(
  client: Client,
  statements: readonly Statement[],
  options: ExplainOptions,
): Promise<{ readonly plans: readonly PgPlan[]; readonly failed?: string }> {
  const plans: PgPlan[] = []
  const failures: string[] = []
  const keep = async (
    statementId: string,
    kind: PgPlan['kind'],
    parameterSet: number | undefined,
    plan: Promise<ExplainedPlan | undefined>,
  ) => {
    try {
      const answer = await plan
      if (answer) plans.push({ statementId, kind, ...(parameterSet === undefined ? {} : { parameterSet }), ...answer })
    } catch (error) {
      failures.push(reasonOf(error))
    }
  }
  for (const statement of statements.filter(isPlannable).slice(0, options.maxStatements)) {
    if (options.now() > options.deadlineMs) {
      failures.push('the time for planning was used up')
      break
    }
    await keep(statement.id, 'generic', undefined, explainGeneric(client, statement, options.serverVersion))
    for (const [set, sample] of statement.parameters.slice(0, options.maxParameterSets).entries()) {
      await keep(statement.id, 'parameters', set, explainWith(client, statement, sample, 'SUMMARY, FORMAT JSON'))
      if (options.analyze && isReadOnly(statement))
        await keep(
          statement.id,
          'analyze',
          set,
          explainWith(client, statement, sample, 'ANALYZE, BUFFERS, FORMAT JSON'),
        )
    }
  }
  return {
    plans,
    ...(failures[0] === undefined ? {} : { failed: `${failures.length} could not be planned: ${failures[0]}` }),
  }
}
