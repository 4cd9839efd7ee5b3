/** Small builders of evidence, so that a table of cases shows only what each case is about. */
import type {
  Condition,
  HostEvidence,
  HttpAnswer,
  HttpProbe,
  HttpProbeEvidence,
  PgEvidence,
  PgTable,
  PgColumn,
  PgForeignKey,
  PgIndex,
  PlanNode,
  PoolState,
  RouteAggregate,
  RuntimeEvidence,
  SerializedHistogram,
  Site,
  Span,
  Statement,
  StatementShape,
  StatementsEvidence,
  StatementUse,
  Trace,
  TracesEvidence,
} from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

export function histogramOf(values: readonly number[]): SerializedHistogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  const json = histogram.toJSON()
  return { ...json, min: json.min ?? 0, max: json.max ?? 0 }
}

/** Two frames: the call, and the loop around it. */
export function siteAt(line: number, file = 'src/orders.ts'): Site {
  return [
    { file, line, column: 5, function: 'load' },
    { file, line: line + 20, column: 3, function: 'handler' },
  ]
}

/** A query span; `startMs` is given where order or overlap matters. */
export function query(statementId: string, startMs: number, durationMs: number, more: Partial<Span> = {}): Span {
  return { id: 0, kind: 'query', name: statementId, startMs, durationMs, statementId, ...more }
}

/** Runs one after another: `count` times the same statement, each with its own parameters. */
export function series(
  statementId: string,
  count: number,
  { startMs = 5, eachMs = 2, gapMs = 0.2, more = {} }: SeriesOptions = {},
): Span[] {
  return Array.from({ length: count }, (_, at) =>
    query(statementId, startMs + at * (eachMs + gapMs), eachMs, { parametersHash: `p${at}`, rows: 3, ...more }),
  )
}
export interface SeriesOptions {
  readonly startMs?: number
  readonly eachMs?: number
  readonly gapMs?: number
  readonly more?: Partial<Span>
}

export function trace(route: string, durationMs: number, spans: readonly Span[], more: Partial<Trace> = {}): Trace {
  return {
    id: `${route}#1`,
    route,
    startedAtMs: 1_000,
    durationMs,
    statusCode: 200,
    kept: 'reservoir',
    spans: spans.map((span, at) => ({ ...span, id: at + 1 })),
    spansDropped: 0,
    ...more,
  }
}

/** The same request `count` times, told apart by id. */
export function times(count: number, one: Trace): Trace[] {
  return Array.from({ length: count }, (_, at) => ({ ...one, id: `${one.route}#${at + 1}` }))
}

/** Aggregates are made from the traces, unless a case overrides some of their fields by route. */
export function tracesOf(
  traces: readonly Trace[],
  overrides: Readonly<Record<string, Partial<RouteAggregate>>> = {},
  more: Partial<TracesEvidence> = {},
): TracesEvidence {
  const routes = [...new Set([...traces.map(trace => trace.route), ...Object.keys(overrides)])]
  return {
    schema: 'traces@1',
    source: 'probe',
    routes: routes.map(route => ({
      ...aggregate(
        route,
        traces.filter(trace => trace.route === route),
      ),
      ...overrides[route],
    })),
    traces,
    dropped: 0,
    ...more,
  }
}

function aggregate(route: string, traces: readonly Trace[]): RouteAggregate {
  const queries = traces.map(trace => trace.spans.filter(span => span.kind === 'query'))
  const sum = (kind: Span['kind']) =>
    traces.flatMap(trace => trace.spans).reduce((ms, span) => ms + (span.kind === kind ? span.durationMs : 0), 0)
  return {
    route,
    requests: traces.length,
    errors: 0,
    duration: histogramOf(traces.map(trace => trace.durationMs * 1000)),
    databaseMs: sum('query'),
    poolWaitMs: sum('pool-wait') + queries.flat().reduce((ms, span) => ms + (span.poolWaitMs ?? 0), 0),
    connectMs: sum('connect'),
    outboundMs: sum('outbound'),
    queriesPerRequest: histogramOf(queries.map(spans => spans.length)),
    outboundPerRequest: histogramOf(traces.map(trace => trace.spans.filter(span => span.kind === 'outbound').length)),
    rows: queries.flat().reduce((rows, span) => rows + (span.rows ?? 0), 0),
    connects: traces.flatMap(trace => trace.spans).filter(span => span.kind === 'connect').length,
    responseBytes: traces.reduce((bytes, trace) => bytes + (trace.responseBytes ?? 0), 0),
    requestsThatWaited: queries.filter(spans => spans.some(span => (span.poolWaitMs ?? 0) > 1)).length,
  }
}

export const shape = (more: Partial<StatementShape> = {}): StatementShape => ({
  operation: 'select',
  tables: [],
  selectsStar: false,
  targetColumns: [],
  hasWhere: (more.conditions?.length ?? 0) > 0,
  hasLimit: false,
  hasOffset: false,
  isCount: false,
  hasAggregate: false,
  groupBy: false,
  singleRowInsert: false,
  conditions: [],
  orderBy: [],
  locks: false,
  ...more,
})

export function statement(
  id: string,
  text: string,
  more: Partial<StatementShape> & Partial<Statement> = {},
): Statement {
  const { parameters = [], rawText, issuedBy, ...shapeParts } = more
  return {
    id,
    text,
    shape: shape(shapeParts),
    parameters,
    ...(rawText === undefined ? {} : { rawText }),
    ...(issuedBy === undefined ? {} : { issuedBy }),
  }
}

export function use(
  route: string,
  statementId: string,
  calls: number,
  totalMs: number,
  more: Partial<StatementUse> = {},
): StatementUse {
  return {
    route,
    statementId,
    calls,
    requests: calls,
    totalMs,
    maxMs: totalMs / Math.max(1, calls),
    rows: calls,
    poolWaitMs: 0,
    maxRepeatsInRequest: 1,
    requestsWithDuplicates: 0,
    duplicateCalls: 0,
    errors: 0,
    ...more,
  }
}

export const statementsOf = (
  statements: readonly Statement[],
  uses: readonly StatementUse[] = [],
): StatementsEvidence => ({ schema: 'statements@1', statements, uses, overflowed: 0 })

export const equal = (table: string, column: string): Condition => ({ table, column, operator: 'equal' })
export const range = (table: string, column: string): Condition => ({ table, column, operator: 'range' })
export const join = (table: string, column: string, otherTable: string, otherColumn: string): Condition => ({
  table,
  column,
  operator: 'join',
  otherTable,
  otherColumn,
})

export const column = (name: string, more: Partial<PgColumn> = {}): PgColumn => ({
  name,
  type: 'bigint',
  notNull: true,
  averageWidthBytes: 8,
  ...more,
})

export function table(name: string, rows: number, columns: readonly PgColumn[], more: Partial<PgTable> = {}): PgTable {
  return {
    schema: 'public',
    name,
    rows,
    totalBytes: rows * 100,
    tableBytes: rows * 100,
    sequentialScans: 100,
    indexScans: 0,
    inserts: 0,
    updates: 0,
    deletes: 0,
    deadRows: 0,
    columns,
    ...more,
  }
}

export function index(tableName: string, columns: readonly string[], more: Partial<PgIndex> = {}): PgIndex {
  const name = `${tableName}_${columns.join('_')}_idx`
  return {
    schema: 'public',
    table: tableName,
    name,
    columns,
    unique: false,
    primary: false,
    valid: true,
    partial: false,
    method: 'btree',
    definition: `CREATE INDEX ${name} ON ${tableName} (${columns.join(', ')})`,
    bytes: 1_000_000,
    scans: 0,
    ...more,
  }
}

/** To the `id` of another table. */
export const foreignKey = (
  tableName: string,
  columnName: string,
  referencedTable: string,
  more: Partial<PgForeignKey> = {},
): PgForeignKey => ({
  name: `${tableName}_${columnName}_fkey`,
  schema: 'public',
  table: tableName,
  columns: [columnName],
  referencedTable,
  referencedColumns: ['id'],
  onDelete: 'no action',
  ...more,
})

export const plan = (nodeType: string, totalCost: number, more: Partial<PlanNode> = {}): PlanNode => ({
  nodeType,
  startupCost: 0,
  totalCost,
  planRows: 10,
  planWidth: 50,
  children: [],
  ...more,
})

export const pgOf = (more: Partial<PgEvidence> = {}): PgEvidence => ({
  schema: 'pg@1',
  serverVersion: 180_000,
  database: 'app',
  tables: [],
  indexes: [],
  foreignKeys: [],
  settings: {},
  extensions: [],
  activity: { maxConnections: 100, connections: 5, peakConnections: 10, idleInTransaction: 0, windowMs: 10_000 },
  statements: [],
  plans: [],
  indexTrials: [],
  unavailable: {},
  ...more,
})

export const pool = (more: Partial<PoolState> = {}): PoolState => ({
  driver: 'pg',
  maxConnections: 10,
  peakInUse: 4,
  peakWaiting: 0,
  acquisitions: 1_000,
  waits: 0,
  waitMs: 0,
  ...more,
})

/** One process for every list of pools. */
export const runtimeOf = (...pools: readonly (readonly PoolState[])[]): RuntimeEvidence => ({
  schema: 'runtime@1',
  processes: pools.map((own, at) => ({ pid: 100 + at, node: 'v20.20.2', samples: [], pools: own })),
  syncCalls: [],
})

export const hostOf = (databaseCpuCores: number, cores = 2): HostEvidence => ({
  schema: 'host@1',
  cores,
  cpuModel: 'test',
  memoryBytes: 8e9,
  kernel: 'test',
  samples: [
    {
      atMs: 0,
      cpuBusyFraction: databaseCpuCores / cores,
      stealFraction: 0,
      ioWaitFraction: 0,
      loadAverage1: 1,
      memoryAvailableBytes: 4e9,
      databaseCpuCores,
    },
  ],
})

export const httpProbe = (route: string, more: Partial<HttpAnswer> = {}): HttpProbe => ({
  route,
  url: route.split(' ')[1] ?? '/',
  variation: { kind: 'plain' },
  answer: {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    durationMs: 10,
    wireBytes: 1_000,
    bodyBytes: 1_000,
    bodyHash: 'h',
    ...more,
  },
})

/** The same URL once more, later. */
export const askedAgain = (probe: HttpProbe, differing: Partial<HttpAnswer> = {}, afterMs = 2_000): HttpProbe => ({
  ...probe,
  answer: { ...probe.answer, ...differing },
  variation: { kind: 'repeat', afterMs },
})

/** The same URL once more, by nobody in particular. */
export function askedAsNobody(probe: HttpProbe, differing: Partial<HttpAnswer> = {}): HttpProbe {
  const { authorised: _authorised, ...rest } = probe
  return { ...rest, answer: { ...probe.answer, ...differing }, variation: { kind: 'without-credentials' } }
}

export const httpProbesOf = (...probes: readonly HttpProbe[]): HttpProbeEvidence => ({ schema: 'http-probe@1', probes })
