import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EvidenceRequest, IndexCandidate, PgEvidence, Statement } from '@whetstone/model'
import { normaliseStatement, statementId } from '@whetstone/probe/statement-text'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { loadStatementParser, statementShape } from '../statement-shape.ts'
import { startPgCollector } from './collector.ts'
import { runIndexTrials } from './index-trial.ts'
import { openTrialPlace } from './trial-place.ts'

function statementOf(text: string, ...parameterSets: readonly (readonly (string | number)[])[]): Statement {
  const normalised = normaliseStatement(text)
  const shape = statementShape(normalised)
  return {
    id: statementId(normalised),
    text: normalised,
    ...(shape ? { shape } : {}),
    parameters: parameterSets.map(values => ({ values, kept: 'random', durationMs: 1 })),
  }
}

const schema = `
  create type mood as enum ('good', 'bad');
  create schema sales;
  create table sales.items (id bigint primary key, order_id int not null, mood mood not null, name text);
  insert into sales.items select n, n % 5000, 'good', 'item ' || n from generate_series(1, 50000) n;
  create table notes (id int primary key, body text);
  insert into notes select n, md5(n::text) from generate_series(1, 20000) n;
  analyze`

const onOrder: IndexCandidate = { schema: 'sales', table: 'items', columns: [{ name: 'order_id' }], method: 'btree' }
const signal = new AbortController().signal

describe('index trials', () => {
  let server: PostgresServer
  let url: string
  let pg: PgEvidence
  let byOrder: Statement
  let change: Statement
  let search: Statement
  beforeAll(async () => {
    await loadStatementParser()
    server = await startPostgres()
    url = await server.createDatabase('app')
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(schema)
    await client.end()
    const collector = await startPgCollector({ url })
    pg = await collector.finish({ statements: [] })
    byOrder = statementOf('select * from sales.items where order_id = $1', [7], [4_999])
    change = statementOf('update sales.items set name = $1 where order_id = $2', ['x', 7])
    search = statementOf('select id from notes where body ilike $1', ['%abcde%'])
  })
  afterAll(async () => await server.stop())

  const trial = async (requests: readonly Extract<EvidenceRequest, { kind: 'index-trial' | 'explain' }>[], more = {}) =>
    await runIndexTrials(pg, requests, {
      url,
      statements: [byOrder, change, search],
      scratch: () => Promise.resolve(server),
      signal,
      ...more,
    })

  it('plans and times on a copy, generically and for every parameter set', async () => {
    const { indexTrials, unavailable } = await trial([
      { kind: 'index-trial', candidate: onOrder, statementIds: [byOrder.id] },
      { kind: 'index-trial', candidate: onOrder, statementIds: [change.id] },
    ])
    expect(unavailable).toEqual({})
    expect(indexTrials).toHaveLength(1)
    const { results, by, buildMs, indexBytes } = indexTrials[0]!
    expect({ by, isTimed: buildMs! > 0, isSized: indexBytes! > 100_000 }).toEqual({
      by: 'scratch-copy',
      isTimed: true,
      isSized: true,
    })
    expect(
      results.map(one => [one.statementId, one.parameterSet, one.usesCandidate, one.medianMsAfter !== undefined]),
    ).toEqual([
      [byOrder.id, undefined, true, false],
      [byOrder.id, 0, true, true],
      [byOrder.id, 1, true, true],
      [change.id, undefined, true, false],
      [change.id, 0, true, false],
    ])
    for (const one of results) expect(one.costAfter).toBeLessThan(one.costBefore / 10)
    expect(results[1]!.medianMsBefore).toBeGreaterThan(0)
    expect(results[1]!.planBefore).toMatchObject({ nodeType: 'Seq Scan', relation: 'items' })
  })

  it('reads a copy from its beginning each time, not from where the last read stopped', async () => {
    const place = await openTrialPlace(pg, [], { url, scratch: () => Promise.resolve(server), signal })
    try {
      const { rows } = await place!.client.query('show synchronize_seqscans')
      expect(rows).toEqual([{ synchronize_seqscans: 'off' }])
    } finally {
      await place?.close()
    }
  })

  it('leaves no trace on the database of the user', async () => {
    const client = new Client({ connectionString: url })
    await client.connect()
    const { rows } = await client.query("select count(*)::int as n from pg_indexes where indexname like 'whetstone%'")
    const { rows: databases } = await client.query("select datname from pg_database where datname like 'whetstone%'")
    await client.end()
    expect([rows[0].n, databases]).toEqual([0, []])
  })

  it('builds a trigram index for a search inside of text', async () => {
    const candidate: IndexCandidate = { schema: 'public', table: 'notes', columns: [{ name: 'body' }], method: 'gin' }
    const { indexTrials } = await trial([{ kind: 'index-trial', candidate, statementIds: [search.id] }])
    expect(indexTrials[0]!.results.at(-1)).toMatchObject({ parameterSet: 0, usesCandidate: true })
  })

  it('builds expressions, parts, carried columns and several indexes at once', async () => {
    const lowered: IndexCandidate = {
      schema: 'public',
      table: 'notes',
      columns: [{ name: 'body', expression: 'upper(body)', descending: true, nulls: 'last' }],
      method: 'btree',
      include: ['id'],
      where: "body <> 'x'",
    }
    const byUpper = statementOf("select id from notes where upper(body) = $1 and body <> 'x'", ['ABC', 'x'])
    const request = {
      kind: 'index-trial',
      candidate: lowered,
      statementIds: [byUpper.id],
      together: [{ schema: 'public', table: 'notes', columns: [{ name: 'id' }], method: 'btree' }],
    } as const
    const alone = await trial([{ ...request, together: [] }], { statements: [byUpper] })
    expect(alone.indexTrials[0]!.results.map(one => one.usesCandidate)).toEqual([false, true])
    const both = await trial([request], { statements: [byUpper] })
    // The second index serves nothing here, and only both together count.
    expect(both.indexTrials[0]!.together).toEqual(request.together)
    expect(both.indexTrials[0]!.results.map(one => one.usesCandidate)).toEqual([false, false])
    expect(both.indexTrials[0]!.indexBytes).toBeGreaterThan(alone.indexTrials[0]!.indexBytes!)
  })

  it('answers by silence what no index can hold', async () => {
    const candidate: IndexCandidate = {
      schema: 'public',
      table: 'notes',
      columns: [{ name: 'body', expression: 'to_tsvector(body)', operatorClass: 'default' }],
      method: 'gin',
    }
    const { indexTrials, unavailable } = await trial([{ kind: 'index-trial', candidate, statementIds: [search.id] }])
    expect({ indexTrials, unavailable }).toEqual({ indexTrials: [], unavailable: {} })
  })

  it('builds the chosen ones together, and tells what each is for beside the others', async () => {
    const wide: IndexCandidate = { ...onOrder, columns: [{ name: 'order_id' }, { name: 'id' }] }
    const { indexTrials } = await trial(
      [onOrder, wide].map(candidate => ({ kind: 'index-trial' as const, candidate, statementIds: [byOrder.id] })),
      { choose: (tried: PgEvidence) => tried.indexTrials },
    )
    const [narrow, other] = indexTrials.map(({ amongChosen }) => amongChosen!)
    // Beside the wide one nobody misses the narrow one; with that dropped, everybody would miss the wide one.
    for (const { costWith, costWithout } of narrow!) expect(costWithout).toBeLessThan(costWith * 1.25)
    for (const { costWith, costWithout } of other!) expect(costWithout).toBeGreaterThan(costWith * 10)
    expect(narrow!.map(one => one.parameterSet)).toEqual([undefined, 0, 1])
  })

  it('copies a sample of what is too large, and says so', async () => {
    const { indexTrials, unavailable } = await trial(
      [{ kind: 'index-trial', candidate: onOrder, statementIds: [byOrder.id] }],
      {
        maxCopyBytes: 2_000_000,
      },
    )
    expect(indexTrials[0]!.results[0]).toMatchObject({ usesCandidate: true })
    expect(unavailable.scratch).toMatch(/^on a sample of \d+\.\d % of the rows$/)
  })

  it('runs a read with its real parameters when asked to explain it', async () => {
    const { plans, unavailable } = await trial([
      { kind: 'explain', statementId: byOrder.id },
      { kind: 'explain', statementId: change.id },
    ])
    expect(unavailable.explain).toBe('they change data, or no parameters were captured to run them with')
    expect(plans.map(({ statementId: id, kind, parameterSet }) => [id, kind, parameterSet])).toEqual([
      [byOrder.id, 'analyze', 0],
      [byOrder.id, 'analyze', 1],
    ])
    expect(plans[0]!.root).toMatchObject({ nodeType: 'Seq Scan', actualRows: 10, rowsRemovedByFilter: 49_990 })
    expect(plans[0]!.executionMs).toBeGreaterThan(0)
  })

  it('answers nothing, with the reason, where there is no place to try', async () => {
    const requests = [{ kind: 'index-trial', candidate: onOrder, statementIds: [byOrder.id] }] as const
    const answer = await runIndexTrials(pg, requests, { url, statements: [byOrder], signal })
    expect(answer.indexTrials).toEqual([])
    expect(answer.unavailable.indexTrials).toContain('neither HypoPG nor a scratch server')
  })

  it('says why a statement was not run, so that nobody asks again', async () => {
    const requests = [{ kind: 'explain', statementId: byOrder.id }] as const
    const answer = await runIndexTrials(pg, requests, { url, statements: [byOrder], signal })
    expect(answer.plans).toEqual(pg.plans)
    expect(answer.unavailable.explain).toContain('no scratch server')
    const late = await trial(requests, { budgetMs: -1 })
    expect(late.unavailable.explain).toBe('they did not fit into the time')
  })

  it('goes on when a candidate cannot be built', async () => {
    const { indexTrials, unavailable } = await trial([
      { kind: 'index-trial', candidate: { ...onOrder, columns: [{ name: 'gone' }] }, statementIds: [byOrder.id] },
      { kind: 'index-trial', candidate: onOrder, statementIds: [byOrder.id] },
    ])
    expect(indexTrials).toHaveLength(1)
    expect(unavailable.indexTrials).toBe('column "gone" does not exist')
  })
})
