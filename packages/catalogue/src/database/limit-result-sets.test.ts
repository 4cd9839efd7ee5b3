import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  column,
  httpProbe,
  httpProbesOf,
  pgOf,
  query,
  siteAt,
  statement,
  statementsOf,
  table,
  times,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { limitResultSets } from './limit-result-sets.ts'

const all = (more = {}) =>
  statement('all', 'SELECT id, name FROM notes WHERE shop = $1', {
    tables: ['notes'],
    targetColumns: ['id', 'name'],
    ...more,
  })
const traces = tracesOf(times(10, trace('GET /notes', 40, [query('all', 1, 20)])))
const used = (rows: number, more = {}) => [
  use('GET /notes', 'all', 10, 200, { rows: rows * 10, site: siteAt(9), ...more }),
]
const given = (rows: number, more = {}, useMore = {}) => ({
  traces,
  statements: statementsOf([all(more)], used(rows, useMore)),
})
const pg = pgOf({
  tables: [table('notes', 50_000, [column('id'), column('name', { type: 'text', averageWidthBytes: 92 })])],
})
const list = (items: number, bodyBytes: number, headers = {}) =>
  httpProbesOf(httpProbe('GET /notes', { bodyBytes, headers, json: { kind: 'array', items, keys: ['id', 'name'] } }))

describePractice(limitResultSets, {
  silent: {
    'a page of rows': given(100),
    'a reference list of 250 rows, all sent': { ...given(250), pg, 'http-probe': list(250, 25_000) },
    'a LIMIT is there': given(5_000, { hasLimit: true }),
    'one row of an aggregate': given(5_000, { hasAggregate: true }),
    'the keys of a batch bound the rows': given(5_000, {
      conditions: [{ table: 'notes', column: 'id', operator: 'in' }],
    }),
    'an export that is streamed, however long': {
      ...given(200_000),
      'http-probe': list(200_000, 30_000_000, { 'content-type': 'application/x-ndjson' }),
    },
    'an export of few thousand rows, built in memory': {
      ...given(5_000),
      'http-probe': list(5_000, 500_000, { 'content-type': 'text/csv', 'content-length': '500000' }),
    },
    'an export in memory that takes two per cent of its route': {
      ...given(50_000, {}, { totalMs: 8 }),
      'http-probe': list(50_000, 5_000_000, { 'content-type': 'text/csv', 'content-length': '5000000' }),
    },
    'an export': { ...given(5_000), 'http-probe': list(5_000, 500_000, { 'content-type': 'text/csv' }) },
    'two per cent of the time of the route': given(5_000, {}, { totalMs: 8 }),
    'rows of a join that are all in the answer, nested': { ...given(600), pg, 'http-probe': list(20, 70_000) },
    'background work outside any request': {
      traces,
      statements: statementsOf([all()], [use('', 'all', 10, 200, { rows: 50_000 })]),
    },
  },
  reports: {
    'five thousand rows, all sent': {
      evidence: { ...given(5_000), pg, 'http-probe': list(5_000, 500_000) },
      finds: [
        {
          fingerprint: 'limit-result-sets|GET /notes|all|',
          practice: 'limit-result-sets',
          title: '5,000 rows fetched at once without a LIMIT',
          where: { route: 'GET /notes', statementId: 'all', site: siteAt(9) },
          facts: [
            expect.objectContaining({ label: 'rows per call', quantity: { value: 5_000, unit: 'rows' } }),
            expect.objectContaining({ label: 'items in the answer', quantity: { value: 5_000, unit: 'count' } }),
            expect.objectContaining({ label: 'time of a call', quantity: { value: 20, unit: 'ms' } }),
            expect.objectContaining({ label: 'share of the route time', quantity: { value: 0.5, unit: 'fraction' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'bytes', route: 'GET /notes', bytesBefore: 500_000, bytesAfter: 10_000, statementId: 'all' },
          remedy: expect.objectContaining({
            code: {
              language: 'sql',
              before: 'SELECT id, name FROM notes WHERE shop = $1',
              after: 'SELECT id, name FROM notes WHERE shop = $1 ORDER BY id LIMIT $2 -- Math.min(asked, 100)',
            },
          }),
        },
      ],
    },
    'two hundred thousand rows of an export, built in memory': {
      evidence: {
        ...given(200_000),
        'http-probe': list(200_000, 30_000_000, {
          'content-type': 'application/x-ndjson',
          'content-length': '30000000',
        }),
      },
      finds: [
        expect.objectContaining({
          title: '200,000 rows of an export held in memory before the first is sent',
          where: { route: 'GET /notes', statementId: 'all', site: siteAt(9) },
          remedy: expect.objectContaining({ summary: 'Read the rows through a cursor and write them as they come.' }),
        }),
      ],
    },
    'eight hundred rows filtered in the code': {
      evidence: { ...given(800), pg, 'http-probe': list(20, 2_000) },
      finds: [expect.objectContaining({ title: '800 rows fetched at once for an answer of 20' })],
    },
  },
})
