import type { Evidence, HttpAnswer, HttpProbe } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { askedAgain, httpProbe, httpProbesOf } from '../derive/testing/evidence.ts'
import { etagValidation } from './etag-validation.ts'

const size = { bodyBytes: 48_000, wireBytes: 48_000 }
const headers = (more: Record<string, string>) => ({ 'content-type': 'application/json', ...more })
/** Plain, validator (when there is a tag) and a repeat two seconds later. */
function asked(
  plain: Partial<HttpAnswer>,
  later: { revalidated?: Partial<HttpAnswer>; repeat?: Partial<HttpAnswer>; authorised?: boolean } = {},
  route = 'GET /products',
): Evidence {
  const answer = { ...size, ...plain }
  const probes: HttpProbe[] = [
    httpProbe(route, answer),
    { ...httpProbe(route, { ...answer, ...later.revalidated }), variation: { kind: 'if-none-match', etag: '"v1"' } },
    askedAgain(httpProbe(route, answer), later.repeat),
  ]
  return {
    'http-probe': httpProbesOf(...probes.map(probe => (later.authorised ? { ...probe, authorised: true } : probe))),
  }
}
const tagged = headers({ etag: '"v1"' })

describePractice(etagValidation, {
  silent: {
    'a tag that is honoured': asked(
      { headers: tagged },
      { revalidated: { statusCode: 304, bodyBytes: 0, bodyHash: '' } },
    ),
    'a tag over content that changed meanwhile': asked(
      { headers: tagged },
      { revalidated: { bodyHash: 'other', headers: headers({ etag: '"v2"' }) } },
    ),
    'a small body': asked({ headers: headers({ 'cache-control': 'max-age=10' }), bodyBytes: 2_000 }),
    'a huge body, whose hash would cost more than it saves': asked({
      headers: headers({ 'cache-control': 'max-age=10' }),
      bodyBytes: 18_000_000,
    }),
    'an answer that differs every time': asked(
      { headers: headers({ 'cache-control': 'no-cache' }) },
      { repeat: { bodyHash: 'other' } },
    ),
    'an answer that must not be stored': asked({ headers: headers({ 'cache-control': 'no-store' }) }),
    'an answer fresh for a day': asked({ headers: headers({ 'cache-control': 'public, max-age=86400' }) }),
    'an immutable answer': asked({ headers: headers({ 'cache-control': 'max-age=60, immutable' }) }),
    'Last-Modified is a validator too': asked({
      headers: headers({ 'cache-control': 'max-age=10', 'last-modified': 'Sat, 01 Nov 2025 10:00:00 GMT' }),
    }),
    'no caching header at all, which is about freshness first': asked({ headers: headers({}) }),
    'one of many items, asked for by its id': asked(
      { headers: headers({}) },
      { authorised: true },
      'GET /products/:id',
    ),
    'an error page': asked({ headers: headers({ 'cache-control': 'max-age=10' }), statusCode: 500 }),
    'nothing probed': { 'http-probe': httpProbesOf() },
  },
  reports: {
    'a tag that nobody compares': {
      evidence: asked({ headers: tagged }),
      finds: [
        {
          fingerprint: 'etag-validation|GET /products||',
          practice: 'etag-validation',
          title: 'sends an ETag, then answers If-None-Match with the same 48 kB again',
          where: { route: 'GET /products' },
          facts: [
            stated('body sent again', 48_000, 'bytes', 'http-probe'),
            stated('server time for it', 10, 'ms', 'http-probe'),
          ],
          confidence: 'measured',
          edit: { kind: 'bytes', route: 'GET /products', bytesBefore: 48_000, bytesAfter: 250 },
          remedy: {
            summary: 'Compare If-None-Match with the ETag and answer 304 without a body.',
            steps: expect.any(Array),
            code: { language: 'ts', after: expect.stringContaining('writeHead(304)') },
          },
        },
      ],
    },
    'ten seconds of freshness and then the whole body': {
      evidence: {
        ...asked({ headers: headers({ 'cache-control': 'max-age=10' }) }),
        source: { schema: 'source@1', root: '/', dependencies: { koa: '3' }, excerpts: {} },
      },
      finds: [
        expect.objectContaining({
          title: 'the same 48 kB again on every request, without a validator',
          confidence: 'suspected',
          remedy: expect.objectContaining({ code: { language: 'ts', after: expect.stringContaining('koa-etag') } }),
        }),
      ],
    },
    'a personal list, asked for again by the same client': {
      evidence: asked({ headers: headers({}) }, { authorised: true }, 'GET /me/orders'),
      finds: [expect.objectContaining({ where: { route: 'GET /me/orders' }, confidence: 'suspected' })],
    },
  },
})
