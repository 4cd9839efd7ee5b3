/** Test support: the pieces that evidence and report of a complete run share. */
import type { EvidenceByKind } from '@whetstone/model'
import { anyKey, type Complete, histogram, site } from './complete-basics.ts'
import { cacheTraffic } from './complete-cache.ts'

const latency = { requests: 1, errors: 0, response: histogram, service: histogram }
const errorsByKind = { timeout: 1, [anyKey]: 1 }

export const loadCurve: Complete<EvidenceByKind['load-curve']> = {
  schema: 'load-curve@1',
  steps: [
    {
      purpose: 'measure',
      startedAt: '2026-11-21T10:00:00.000Z',
      offeredRatePerSecond: 1,
      achievedRatePerSecond: 1,
      durationMs: 1,
      arrivals: 'poisson',
      shape: 'ramp',
      users: 1,
      requestsPerUser: 1,
      sent: 1,
      completed: 1,
      errors: 0,
      errorsByKind,
      routes: [
        {
          ...latency,
          route: 'GET /orders/:id',
          errorsByKind,
          responseByStatusClass: { '2xx': histogram, [anyKey]: histogram },
          statusCounts: { '200': 1, [anyKey]: 1 },
          meanBodyBytes: 1,
          maxBodyBytes: 1,
        },
      ],
      overall: latency,
      intervals: [
        {
          atMs: 0,
          durationMs: 1_000,
          requests: 1,
          errors: 0,
          response: histogram,
          lag: histogram,
          cells: [{ route: 'GET /orders/:id', statusClass: '2xx', requests: 1, response: histogram }],
        },
      ],
      generator: {
        verdict: 'healthy',
        reasons: ['late by 5 ms'],
        lagP50Ms: 1,
        lagP99Ms: 1,
        lagMaxMs: 1,
        cpuFraction: 0.1,
        connectionWaitP99Ms: 1,
        loopDelayP99Ms: 1,
      },
      lag: histogram,
      connectionWait: histogram,
      checks: [{ name: 'holds 4711', route: 'GET /orders/:id', passes: 1, fails: 0 }],
      slowest: [{ traceId: 'a1', route: 'GET /orders/:id', status: 200, atMs: 1, responseMs: 1 }],
      steadyState: { kind: 'steady', excludedMs: 0, response: histogram },
      lost: { workers: 1, ofWorkers: 2, fraction: 0.5 },
    },
  ],
}

export const trace: Complete<EvidenceByKind['traces']['traces'][number]> = {
  id: 'a1',
  route: 'GET /orders/:id',
  startedAtMs: 1,
  durationMs: 1,
  statusCode: 200,
  responseBytes: 1,
  kept: 'reservoir',
  url: '/orders/4711',
  spans: [
    {
      id: 1,
      parentId: 0,
      kind: 'outbound',
      name: 'GET pay.example.org/pay/:id',
      startMs: 0,
      durationMs: 1,
      statementId: 'd1',
      rows: 1,
      parametersHash: 'e1',
      poolWaitMs: 1,
      connection: 1,
      transaction: 1,
      site,
      host: 'pay.example.org',
      urlTemplate: '/pay/:id',
      statusCode: 200,
      failed: false,
      command: 'GET',
      keyTemplate: 'order:{n}',
      keyHash: 'k1',
      hit: true,
      valueBytes: 1,
    },
  ],
  spansDropped: 0,
}

export const statement: Complete<EvidenceByKind['statements']['statements'][number]> = {
  id: 'd1',
  text: 'select name from orders where id = $1',
  rawText: "select name from orders where id = '4711'",
  shape: {
    operation: 'select',
    tables: ['public.orders'],
    selectsStar: false,
    targetColumns: ['name'],
    hasWhere: true,
    hasLimit: false,
    hasOffset: false,
    limitParameter: 1,
    offsetParameter: 1,
    limitValue: 1,
    offsetValue: 1,
    isCount: false,
    hasAggregate: false,
    groupBy: false,
    singleRowInsert: false,
    conditions: [
      { table: 'orders', column: 'id', operator: 'equal', otherTable: 'customers', otherColumn: 'order_id' },
    ],
    orderBy: [{ table: 'orders', column: 'id', descending: true }],
    locks: false,
  },
  access: {
    terms: [
      {
        table: 'orders',
        column: 'mail',
        expression: "lower(mail || 'ann')",
        operator: 'equal',
        predicate: "lower(mail || 'ann') = 'ann1'",
        expressionParameters: [1],
        predicateParameters: [1, 2],
        alternative: 1,
      },
    ],
    order: [{ table: 'orders', column: 'mail', expression: "lower(mail || 'ann')", descending: true, nulls: 'last' }],
    reads: [{ table: 'orders', column: 'mail' }],
    unreadJoins: [{ table: 'shops', alias: 's', on: [{ column: 'id', otherTable: 'orders', otherColumn: 'shop_id' }] }],
  },
  parameters: [{ values: ['4711'], kept: 'slowest', durationMs: 1, rows: 1 }],
  issuedBy: 'sequelize',
  named: true,
  literalSets: 1,
  requestLiterals: [{ parameter: 'order', texts: 1, quoted: true }],
  nameErrors: 0,
}

export const traces: Complete<EvidenceByKind['traces']> = {
  schema: 'traces@1',
  source: 'probe',
  routes: [
    {
      route: 'GET /orders/:id',
      requests: 1,
      errors: 0,
      duration: histogram,
      databaseMs: 1,
      poolWaitMs: 1,
      connectMs: 1,
      outboundMs: 1,
      queriesPerRequest: histogram,
      outboundPerRequest: histogram,
      rows: 1,
      connects: 1,
      responseBytes: 1,
      requestsThatWaited: 1,
      cacheCalls: 1,
      cacheMs: 1,
      site,
    },
  ],
  traces: [trace],
  dropped: 0,
  cache: cacheTraffic,
  oneCaller: ['GET /orders/:id'],
}

export const statements: Complete<EvidenceByKind['statements']> = {
  schema: 'statements@1',
  statements: [statement],
  uses: [
    {
      route: 'GET /orders/:id',
      statementId: 'd1',
      site,
      calls: 1,
      requests: 1,
      totalMs: 1,
      maxMs: 1,
      rows: 1,
      poolWaitMs: 1,
      maxRepeatsInRequest: 1,
      requestsWithDuplicates: 0,
      duplicateCalls: 0,
      errors: 0,
      conflicts: 0,
    },
  ],
  overflowed: 0,
  reads: [{ statementId: 'd1', keyFraction: 1, keys: [1], atMs: [1] }],
}

type LeafPlan = Omit<Complete<EvidenceByKind['pg']['plans'][number]['root']>, 'children'>
const node: LeafPlan = {
  nodeType: 'Index Scan',
  relation: 'orders',
  alias: 'o',
  index: 'orders_pkey',
  joinType: 'Inner',
  startupCost: 1,
  totalCost: 1,
  planRows: 1,
  planWidth: 1,
  actualRows: 1,
  actualLoops: 1,
  actualTotalMs: 1,
  filter: "((mail)::text = 'ann@example.org'::text)",
  indexCondition: '(id = 4711)',
  joinCondition: '((c.id)::text = o.customer_id)',
  joinFilter: "((c.mail)::text <> 'ann@example.org'::text)",
  rowsRemovedByFilter: 1,
  sortKey: ['created'],
  sortMethod: 'external merge',
  hashBatches: 1,
  diskKb: 1,
  exactHeapBlocks: 1,
  rowsRemovedByJoinFilter: 1,
  lossyHeapBlocks: 1,
  sharedHitBlocks: 1,
  sharedReadBlocks: 1,
}
export const root = { ...node, children: [{ ...node, children: [] }] }
export const plan: Complete<EvidenceByKind['pg']['plans'][number]> = {
  statementId: 'd1',
  kind: 'parameters',
  parameterSet: 0,
  totalCost: 1,
  root,
  planningMs: 1,
  executionMs: 1,
  jitMs: 1,
}

const sessionStatement = { statementId: 'd1', text: "update orders set mail = 'ann@example.org'" }
export const sessions: Complete<NonNullable<EvidenceByKind['pg']['activity']['sessions']>> = {
  looks: 1,
  active: 1,
  waitingForLocks: 1,
  connections: [1],
  blocked: [
    {
      waiting: sessionStatement,
      blocker: sessionStatement,
      blockerIdle: true,
      lock: 'transactionid',
      waits: 1,
      longestMs: 1,
    },
  ],
  idleTransactions: [{ last: sessionStatement, sessions: 1, longestIdleMs: 1 }],
  deadlocks: 0,
}

export const host: Complete<EvidenceByKind['host']> = {
  schema: 'host@1',
  cores: 2,
  cpuModel: 'A CPU',
  memoryBytes: 1,
  memoryLimitBytes: 1,
  cpuLimitCores: 1,
  kernel: '6.1.0',
  samples: [
    {
      atMs: 0,
      cpuBusyFraction: 0,
      stealFraction: 0,
      ioWaitFraction: 0,
      loadAverage1: 0,
      memoryAvailableBytes: 1,
      cpuPressureFraction: 0,
      ioPressureFraction: 0,
      memoryPressureFraction: 0,
      runnable: 0,
      diskBusyFraction: 0,
      diskAwaitMs: 0,
      swapInBytesPerSecond: 0,
      retransmitFraction: 0,
      droppedPackets: 0,
      targetCpuCores: 0,
      databaseCpuCores: 0,
    },
  ],
}

export const cpuProfile: Complete<EvidenceByKind['cpu-profile']> = {
  schema: 'cpu-profile@1',
  profiles: [
    {
      pid: 1,
      durationMs: 1,
      samples: 1,
      busySamples: 1,
      requests: 1,
      nodes: [
        {
          id: 0,
          parentId: 0,
          function: 'listOrders',
          file: '/home/ann/shop/src/orders.ts',
          line: 1,
          column: 1,
          owner: 'application',
          package: '@acme/orders',
          selfSamples: 1,
          lines: [[1, 1]],
          routes: ['GET /orders/:id'],
        },
      ],
    },
  ],
}

export const excerpts = { [anyKey]: { file: 'src/orders.ts', firstLine: 1, lines: ["const key = 'mine'"], line: 1 } }
