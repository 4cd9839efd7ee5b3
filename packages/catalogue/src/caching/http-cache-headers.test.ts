import type { Evidence, HttpAnswer } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import {
  askedAgain,
  httpProbe,
  httpProbesOf,
  statement,
  statementsOf,
  times,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { httpCacheHeaders } from './http-cache-headers.ts'

interface Case {
  readonly plain?: Partial<HttpAnswer>
  readonly repeat?: Partial<HttpAnswer>
  readonly afterMs?: number
  readonly authorised?: boolean
  readonly meanMs?: number
  readonly requests?: number
}
function popular(
  { plain: changed = {}, repeat = {}, afterMs = 2_000, authorised, meanMs = 45, requests = 60 }: Case = {},
  route = 'GET /top',
): Evidence {
  const plain = { ...httpProbe(route, { durationMs: 40, ...changed }), ...(authorised ? { authorised } : {}) }
  return {
    'http-probe': httpProbesOf(plain, askedAgain(plain, repeat, afterMs)),
    traces: tracesOf([...times(requests, trace(route, meanMs, [])), ...times(40, trace('GET /other', 5, []))]),
  }
}
const headers = (more: Record<string, string>) => ({ 'content-type': 'application/json', ...more })

describePractice(httpCacheHeaders, {
  silent: {
    'an answer with Cache-Control': popular({ plain: { headers: headers({ 'cache-control': 'public, max-age=30' }) } }),
    'a large file, which nobody makes anew': popular({
      plain: { headers: headers({ 'content-type': 'text/javascript' }), bodyBytes: 106_000 },
    }),
    'no-store on purpose': popular({ plain: { headers: headers({ 'cache-control': 'no-store' }) } }),
    'an answer with Expires': popular({ plain: { headers: headers({ expires: 'Sat, 01 Nov 2036 10:00:00 GMT' }) } }),
    'an answer that differs': popular({ repeat: { bodyHash: 'other' } }),
    'a cookie is set': popular({ plain: { headers: headers({ 'set-cookie': 'sid=***' }) } }),
    'it varies with the cookie': popular({ plain: { headers: headers({ vary: 'Accept, Cookie' }) } }),
    'it varies with authorisation': popular({ plain: { headers: headers({ vary: 'Authorization' }) } }),
    'the request was authorised': popular({ authorised: true }),
    'every client asks for another URL': popular({}, 'GET /products/:id'),
    'a cheap small answer': popular({ meanMs: 3 }),
    'dear only because the service was overloaded': popular({ plain: { durationMs: 4 }, meanMs: 600 }),
    'hardly anybody asks': popular({ requests: 2 }),
    'asked again at once, which proves nothing': popular({ afterMs: 50 }),
    'an error': popular({ plain: { statusCode: 503 } }),
    'a POST': popular({}, 'POST /search'),
    'a row is locked for whoever comes next': {
      ...popular(),
      statements: statementsOf(
        [statement('s', 'SELECT id FROM stock WHERE id = $1 FOR UPDATE', { tables: ['stock'], locks: true })],
        [use('GET /top', 's', 60, 60)],
      ),
    },
    'each request is written down': {
      ...popular(),
      statements: statementsOf(
        [statement('s', 'INSERT INTO views VALUES ($1)', { operation: 'insert', tables: ['views'] })],
        [use('GET /top', 's', 60, 60)],
      ),
    },
    'a route nobody requested': { ...popular(), traces: tracesOf(times(5, trace('GET /other', 5, []))) },
  },
  reports: {
    'an expensive page for everybody': {
      evidence: popular(),
      finds: [
        {
          fingerprint: 'http-cache-headers|GET /top||',
          practice: 'http-cache-headers',
          title: 'the same answer for every request, 45 ms each, without Cache-Control',
          where: { route: 'GET /top' },
          facts: [
            stated('server time per request', 45, 'ms', 'traces'),
            stated('share of requests', 0.6, 'fraction', 'traces'),
            stated('body', 1_000, 'bytes', 'http-probe'),
            stated('unchanged after', 2_000, 'ms', 'http-probe'),
          ],
          confidence: 'suspected',
          edit: { kind: 'bytes', route: 'GET /top', bytesBefore: 1_000, bytesAfter: 0 },
          remedy: {
            summary: 'Let caches keep the answer for as long as it may be old.',
            steps: expect.arrayContaining([expect.stringContaining('60 % of the requests')]),
            code: { language: 'ts', after: expect.stringContaining('response.setHeader') },
          },
        },
      ],
    },
    'another route writes': {
      evidence: {
        ...popular(),
        statements: statementsOf(
          [statement('s', 'INSERT INTO views VALUES ($1)', { operation: 'insert', tables: ['views'] })],
          [use('GET /other', 's', 40, 40)],
        ),
      },
      finds: [expect.objectContaining({ where: { route: 'GET /top' } })],
    },
    'a large body that is cheap to make': {
      evidence: popular({ plain: { bodyBytes: 120_000, wireBytes: 30_000 }, meanMs: 3 }),
      finds: [
        expect.objectContaining({ edit: { kind: 'bytes', route: 'GET /top', bytesBefore: 30_000, bytesAfter: 0 } }),
      ],
    },
  },
})
