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
const style = { 'content-type': 'text/css; charset=utf-8' }
const express: Evidence = {
  source: { schema: 'source@1', root: '/', dependencies: { express: '5' }, excerpts: {} },
}

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
    'a small file': asked({ headers: style, bodyBytes: 2_000 }, {}, 'GET /style.css'),
    'a file named by its content, which need not be asked for at all': asked(
      { headers: style },
      {},
      'GET /s.3f9a1c2b.css',
    ),
    'a file with its date': asked({ headers: { ...style, 'last-modified': 'Sat, 01 Nov 2025 10:00:00 GMT' } }, {}, 'GET /style.css'), // prettier-ignore
    'a file that browsers keep for a day': asked({ headers: { ...style, 'cache-control': 'max-age=86400' } }, {}, 'GET /style.css'), // prettier-ignore
    'an image that differs each time': asked({ headers: style }, { repeat: { bodyHash: 'other' } }, 'GET /style.css'),
    'a file for one person among many': asked({ headers: style }, { authorised: true }, 'GET /photos/:id'),
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
    'a tag that nobody compares, of a handler in Express': {
      evidence: { ...asked({ headers: tagged }), ...express },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({ code: { language: 'ts', after: expect.stringContaining('req.fresh') } }),
        }),
      ],
    },
    'a file whose name stays, without any header': {
      evidence: { ...asked({ headers: style, bodyBytes: 19_700 }, {}, 'GET /style.css'), ...express },
      finds: [
        {
          fingerprint: 'etag-validation|GET /style.css||',
          practice: 'etag-validation',
          title:
            'a file of 19.7 kB that browsers load whole on every visit: it has neither Cache-Control nor a validator',
          where: { route: 'GET /style.css' },
          facts: [stated('body', 19_700, 'bytes', 'http-probe'), stated('unchanged after', 2_000, 'ms', 'http-probe')],
          confidence: 'suspected',
          edit: { kind: 'bytes', route: 'GET /style.css', bytesBefore: 48_000, bytesAfter: 250 },
          remedy: {
            summary: 'Send an ETag, and answer If-None-Match with 304.',
            steps: [expect.stringContaining('19.7 kB'), expect.stringContaining('no-cache')],
            code: { language: 'ts', after: expect.stringMatching(/^app\.use\(express\.static\(root, \{ etag: true/) },
          },
        },
      ],
    },
    'a film of 18 MB, whose tag is made of its date': {
      evidence: asked({ headers: { 'content-type': 'video/mp4' }, bodyBytes: 18_000_000 }, {}, 'GET /film.mp4'),
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({ code: { language: 'ts', after: expect.stringContaining('mtimeMs') } }),
        }),
      ],
    },
    'a file kept for a minute': {
      evidence: asked({ headers: { ...style, 'cache-control': 'max-age=60' } }, {}, 'GET /style.css'),
      finds: [
        expect.objectContaining({
          title: 'a file of 48 kB that browsers load whole each time they ask: it has no validator',
        }),
      ],
    },
    'a personal list, asked for again by the same client': {
      evidence: asked({ headers: headers({}) }, { authorised: true }, 'GET /me/orders'),
      finds: [expect.objectContaining({ where: { route: 'GET /me/orders' }, confidence: 'suspected' })],
    },
  },
})
