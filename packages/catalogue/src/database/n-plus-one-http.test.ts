import type { Span } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { query, siteAt, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { nPlusOneHttp } from './n-plus-one-http.ts'

const call = (startMs: number, durationMs: number, more: Partial<Span> = {}): Span => ({
  id: 0,
  kind: 'outbound',
  name: 'GET users/users/:id',
  startMs,
  durationMs,
  host: 'users:4000',
  urlTemplate: '/users/:id',
  ...more,
})
const calls = (count: number, eachMs = 20, more: Partial<Span> = {}) =>
  Array.from({ length: count }, (_, at) => call(at * (eachMs + 1), eachMs, more))
const given = (spans: Span[], durationMs = 260) => ({
  traces: tracesOf(times(8, trace('GET /orders', durationMs, spans))),
})

describePractice(nPlusOneHttp, {
  silent: {
    'no other service': given([query('a', 1, 2)]),
    'one call': given(calls(1)),
    'four calls': given(calls(4)),
    'twelve calls to different addresses': given(calls(12).map((span, at) => ({ ...span, urlTemplate: `/part${at}` }))),
    'calls that take two per cent of the request': given(calls(6, 1), 600),
    'one request in thirty': {
      traces: tracesOf([trace('GET /orders', 260, calls(12)), ...times(29, trace('GET /orders', 5, []))]),
    },
    'requests that failed': { traces: tracesOf(times(8, trace('GET /orders', 260, calls(12), { statusCode: 502 }))) },
  },
  reports: {
    'a call per row': {
      evidence: given(calls(12, 20, { site: siteAt(21) })),
      finds: [
        {
          fingerprint: 'n-plus-one-http|GET /orders||users:4000 /users/:id',
          practice: 'n-plus-one-http',
          title: '12 calls to users:4000 per request where 1 would do',
          where: { route: 'GET /orders', resource: 'users:4000 /users/:id', site: siteAt(21) },
          facts: [
            expect.objectContaining({ quantity: { value: 12, unit: 'count' } }),
            expect.objectContaining({ label: 'time in them per request', quantity: { value: 240, unit: 'ms' } }),
            expect.objectContaining({ label: 'share of the request', quantity: { value: 0.9231, unit: 'fraction' } }),
            expect.objectContaining({ label: 'one call', quantity: { value: 20, unit: 'ms' } }),
          ],
          confidence: 'strong',
          edit: {
            kind: 'trace',
            change: { kind: 'collapse-outbound', host: 'users:4000', urlTemplate: '/users/:id' },
            route: 'GET /orders',
          },
          remedy: {
            summary: 'Ask users:4000 for all 12 keys in one call.',
            steps: [
              'The call is made at src/orders.ts:21, called from src/orders.ts:41.',
              'It takes 92 % of the request.',
              expect.stringContaining('within a limit'),
            ],
            code: {
              language: 'ts',
              before: 'for (const id of ids) await fetch(`http://users:4000/users/${id}`)',
              after: expect.stringContaining('`http://users:4000/users?ids='),
            },
          },
        },
      ],
    },
    'calls started together': {
      evidence: given(
        calls(12).map(span => ({ ...span, startMs: 1, durationMs: 60 })),
        70,
      ),
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([expect.stringContaining('already run together')]),
          }),
        }),
      ],
    },
  },
})
