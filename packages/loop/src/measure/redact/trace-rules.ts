/** The rules for requests seen from inside, and for the statements they issue. */
import type {
  AccessColumn,
  AccessJoin,
  AccessOrder,
  AccessTerm,
  CacheClient,
  CacheKeys,
  CacheLoads,
  CacheTraffic,
  CacheUse,
  Condition,
  HotKey,
  OrderColumn,
  RequestLiteral,
  RouteAggregate,
  Span,
  Statement,
  StatementsEvidence,
  StatementAccess,
  StatementShape,
  StatementUse,
  Trace,
  TracesEvidence,
} from '@whetstone/model'
import { site, histogram } from './load-rules.ts'
import {
  alias,
  blank,
  dottedName,
  figure,
  gone,
  list,
  matching,
  name,
  object,
  route,
  schema,
  sql,
  template,
  word,
} from './rules.ts'

export const statementId = alias('statement')
export const traceId = alias('request')

/** As Redis names its commands. */
export const command = matching(/^[A-Z][A-Z_]{0,30}(?:[| ][A-Z_]{1,30})?$/)
/** What the probe took for fixed may still be somebody's name: only placeholders and plain words stay. */
export const keyTemplate = matching(
  /^(?:(?:[a-z_]{1,24}|[A-Z][A-Za-z]{1,24}|v\d{1,2}|\{(?:n|id|x)\}|\*)(?:[:/.|-](?!$)|$)){0,8}$/,
)
const keyHash = alias('key')

const span = object<Span>({
  id: figure,
  parentId: figure,
  kind: word,
  name: blank,
  startMs: figure,
  durationMs: figure,
  statementId,
  rows: figure,
  // A hash of few values can be guessed back.
  parametersHash: alias('parameters'),
  poolWaitMs: figure,
  connection: figure,
  transaction: figure,
  site,
  host: alias('host'),
  urlTemplate: template,
  statusCode: figure,
  failed: figure,
  command,
  keyTemplate,
  // A hash of few keys can be guessed back.
  keyHash,
  hit: figure,
  valueBytes: figure,
})

export const trace = object<Trace>({
  id: traceId,
  route,
  startedAtMs: figure,
  durationMs: figure,
  statusCode: figure,
  responseBytes: figure,
  kept: word,
  url: gone,
  spans: list(span),
  spansDropped: figure,
})

const cache = object<CacheTraffic>({
  uses: list(
    object<CacheUse>({
      route,
      driver: word,
      command,
      keyTemplate,
      site,
      calls: figure,
      requests: figure,
      hits: figure,
      misses: figure,
      errors: figure,
      valueBytes: figure,
      maxValueBytes: figure,
      duration: histogram,
    }),
  ),
  keys: list(
    object<CacheKeys>({
      keyTemplate,
      driver: word,
      distinctKeys: figure,
      hits: figure,
      misses: figure,
      missesBy: object<CacheKeys['missesBy']>({ unseen: figure, deleted: figure, expired: figure, other: figure }),
      sets: figure,
      ttls: list(object<CacheKeys['ttls'][number]>({ ttlMs: figure, sets: figure })),
      busiestSetSecond: object<NonNullable<CacheKeys['busiestSetSecond']>>({ sets: figure, sameTtlFraction: figure }),
      refreshes: figure,
      refreshesUnchanged: figure,
      deletes: figure,
      loads: object<CacheLoads>({
        loads: figure,
        totalMs: figure,
        maxMs: figure,
        unfilled: figure,
        stampedes: figure,
        stampedeLoads: figure,
        maxConcurrent: figure,
        statements: list(object<CacheLoads['statements'][number]>({ statementId, loads: figure })),
        site,
      }),
      hot: list(
        object<HotKey>({
          pid: figure,
          keyHash,
          reads: figure,
          hits: figure,
          sets: figure,
          peakReadsPerSecond: figure,
          fromMs: figure,
          toMs: figure,
          valueChanges: figure,
          valueBytes: figure,
        }),
      ),
      // A small number's hash is soon found by trying.
      reads: gone,
    }),
  ),
  servers: list(
    object<CacheClient>({
      driver: word,
      mode: word,
      host: alias('host'),
      port: figure,
      database: figure,
      clients: figure,
      connects: figure,
      queuedOffline: figure,
      commandTimeoutMs: figure,
      connectTimeoutMs: figure,
      maxRetries: figure,
      offlineQueue: figure,
      site,
    }),
  ),
  overflowed: figure,
})

export const traces = object<TracesEvidence>({
  schema,
  source: word,
  routes: list(
    object<RouteAggregate>({
      route,
      requests: figure,
      errors: figure,
      duration: histogram,
      databaseMs: figure,
      poolWaitMs: figure,
      connectMs: figure,
      outboundMs: figure,
      queriesPerRequest: histogram,
      outboundPerRequest: histogram,
      rows: figure,
      connects: figure,
      responseBytes: figure,
      requestsThatWaited: figure,
      cacheCalls: figure,
      cacheMs: figure,
      site,
    }),
  ),
  traces: list(trace),
  dropped: figure,
  cache,
  oneCaller: list(route),
})

const shape = object<StatementShape>({
  operation: word,
  tables: list(dottedName),
  selectsStar: figure,
  targetColumns: list(name),
  hasWhere: figure,
  hasLimit: figure,
  hasOffset: figure,
  limitParameter: figure,
  offsetParameter: figure,
  limitValue: figure,
  offsetValue: figure,
  isCount: figure,
  hasAggregate: figure,
  groupBy: figure,
  singleRowInsert: figure,
  conditions: list(
    object<Condition>({ table: dottedName, column: name, operator: word, otherTable: dottedName, otherColumn: name }),
  ),
  orderBy: list(object<OrderColumn>({ table: dottedName, column: name, descending: figure })),
  locks: figure,
})

const access = object<StatementAccess>({
  terms: list(
    object<AccessTerm>({
      table: dottedName,
      column: name,
      expression: sql,
      operator: word,
      predicate: sql,
      expressionParameters: list(figure),
      predicateParameters: list(figure),
      alternative: figure,
    }),
  ),
  order: list(
    object<AccessOrder>({ table: dottedName, column: name, expression: sql, descending: figure, nulls: word }),
  ),
  reads: list(object<AccessColumn>({ table: dottedName, column: name })),
  unreadJoins: list(
    object<AccessJoin>({
      table: dottedName,
      alias: name,
      on: list(object<AccessJoin['on'][number]>({ column: name, otherTable: dottedName, otherColumn: name })),
    }),
  ),
})

export const statement = object<Statement>({
  id: statementId,
  text: sql,
  rawText: gone,
  shape,
  access,
  parameters: list(gone),
  issuedBy: name,
  named: figure,
  literalSets: figure,
  requestLiterals: list(object<RequestLiteral>({ parameter: name, texts: figure, quoted: figure })),
  nameErrors: figure,
})

export const statements = object<StatementsEvidence>({
  schema,
  statements: list(statement),
  uses: list(
    object<StatementUse>({
      route,
      statementId,
      site,
      calls: figure,
      requests: figure,
      totalMs: figure,
      maxMs: figure,
      rows: figure,
      poolWaitMs: figure,
      maxRepeatsInRequest: figure,
      requestsWithDuplicates: figure,
      duplicateCalls: figure,
      errors: figure,
      conflicts: figure,
    }),
  ),
  overflowed: figure,
  // A small number's hash is soon found by trying.
  reads: gone,
})
