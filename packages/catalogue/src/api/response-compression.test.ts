import type { HttpAnswer, HttpProbe, SourceEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { hostOf, httpProbe, httpProbesOf } from '../derive/testing/evidence.ts'
import { responseCompression } from './response-compression.ts'

const accepts = (route: string, more: Partial<HttpAnswer>): HttpProbe => ({
  ...httpProbe(route, more),
  variation: { kind: 'accept-encoding', value: 'br, gzip' },
})
/** The plain request and the one that accepts compression, answered alike. */
const asked = (more: Partial<HttpAnswer>, route = 'GET /products') => ({
  'http-probe': httpProbesOf(httpProbe(route, more), accepts(route, more)),
})
const json = (bodyBytes: number, gzipBytes: number, headers: Record<string, string> = {}): Partial<HttpAnswer> => ({
  wireBytes: bodyBytes,
  bodyBytes,
  gzipBytes,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
})
const encoded = (headers: Record<string, string>) => ({
  'http-probe': httpProbesOf(
    httpProbe('GET /products', json(185_000, 21_000, headers)),
    accepts('GET /products', { ...json(185_000, 21_000, { ...headers, 'content-encoding': 'br' }), wireBytes: 19_000 }),
  ),
})
const project = (dependencies: Record<string, string>): SourceEvidence => ({
  schema: 'source@1',
  root: '/app',
  dependencies,
  excerpts: {},
})

describePractice(responseCompression, {
  silent: {
    'compressed already': encoded({}),
    'compressed, publicly cacheable, with Vary': encoded({
      'cache-control': 'public, max-age=60',
      vary: 'Origin, Accept-Encoding',
    }),
    'compressed, only for one browser': encoded({ 'cache-control': 'private, max-age=60' }),
    'a tiny answer': asked(json(900, 300)),
    'an answer of one packet': asked(json(1_433, 200)),
    'a small answer that shrinks well but saves no round trip': asked(json(9_000, 1_500)),
    'noise that does not shrink': asked(json(500_000, 470_000)),
    'an image': asked({ ...json(400_000, 300_000), headers: { 'content-type': 'image/png' } }),
    'a stream of events': asked({ ...json(400_000, 30_000), headers: { 'content-type': 'text/event-stream' } }),
    'an answer that must not be transformed': asked(json(185_000, 21_000, { 'cache-control': 'no-transform' })),
    'a large error page is no answer': asked({ ...json(185_000, 21_000), statusCode: 500 }),
    'a redirect': asked({ ...json(185_000, 21_000), statusCode: 302 }),
    'a body that was cut off': asked({ ...json(185_000, 21_000), failed: 'the body is over 20 MB' }),
    'never asked for compression': { 'http-probe': httpProbesOf(httpProbe('GET /products', json(185_000, 21_000))) },
    'a POST': asked(json(185_000, 21_000), 'POST /search'),
    'nothing probed': { 'http-probe': httpProbesOf() },
  },
  reports: {
    'a catalogue of 185 kB as plain JSON': {
      evidence: { ...asked(json(185_000, 21_000)), source: project({ fastify: '5.12.8' }) },
      finds: [
        {
          fingerprint: 'response-compression|GET /products||',
          practice: 'response-compression',
          title: '185 kB sent where 21 kB would do',
          where: { route: 'GET /products' },
          facts: [
            { label: 'body as sent', quantity: { value: 185_000, unit: 'bytes' }, evidence: { kind: 'http-probe' } },
            {
              label: 'the same under gzip 6',
              quantity: { value: 21_000, unit: 'bytes' },
              evidence: { kind: 'http-probe' },
            },
            { label: 'saved', quantity: { value: 0.8865, unit: 'fraction' }, evidence: { kind: 'http-probe' } },
          ],
          confidence: 'measured',
          edit: { kind: 'bytes', route: 'GET /products', bytesBefore: 185_000, bytesAfter: 21_000 },
          remedy: {
            summary: 'Compress text answers where the client accepts it.',
            steps: expect.arrayContaining([
              expect.stringContaining('66 ms on a line of 20 Mbit/s. On loopback nothing gets faster'),
              expect.stringContaining('Brotli level 4'),
            ]),
            code: { language: 'ts', after: expect.stringContaining('@fastify/compress') },
          },
        },
      ],
    },
    'only the routes where it matters': {
      evidence: {
        'http-probe': httpProbesOf(
          ...asked(json(60_000, 8_000), 'GET /report')['http-probe'].probes,
          ...asked(json(900, 300), 'GET /health')['http-probe'].probes,
        ),
        host: { ...hostOf(1), samples: hostOf(1.9).samples },
      },
      finds: [
        expect.objectContaining({
          where: { route: 'GET /report' },
          remedy: expect.objectContaining({ steps: expect.arrayContaining([expect.stringContaining('gzip level 1')]) }),
        }),
      ],
    },
    'several routes, one switch': {
      evidence: {
        'http-probe': httpProbesOf(
          ...asked(json(60_000, 8_000), 'GET /report')['http-probe'].probes,
          ...asked(json(185_000, 21_000), 'GET /products')['http-probe'].probes,
        ),
      },
      finds: [
        expect.objectContaining({
          where: { route: 'GET /products' },
          facts: expect.arrayContaining([
            expect.objectContaining({
              label: 'further routes sent uncompressed',
              quantity: { value: 1, unit: 'count' },
            }),
          ]),
          remedy: expect.objectContaining({ steps: expect.arrayContaining(['It also helps GET /report.']) }),
        }),
      ],
    },
    'compressed and publicly cacheable without Vary': {
      evidence: encoded({ 'cache-control': 'public, max-age=60' }),
      finds: [
        expect.objectContaining({
          title: 'compressed and publicly cacheable, but without Vary: Accept-Encoding',
          where: { route: 'GET /products', resource: 'Vary' },
          confidence: 'strong',
        }),
      ],
    },
  },
})

describe('the remedy', () => {
  it.each([
    ['express', "from 'compression'"],
    ['koa', 'koa-compress'],
    ['hono', 'hono/compress'],
    ['@nestjs/platform-fastify', '@fastify/compress'],
    ['left-pad', 'createGzip'],
  ])('speaks the words of %s', (dependency, words) => {
    const outcome = outcomeOf(responseCompression, {
      ...asked(json(185_000, 21_000)),
      source: project({ [dependency]: '1.0.0' }),
    })
    expect(outcome).toMatchObject({ findings: [{ remedy: { code: { after: expect.stringContaining(words) } } }] })
  })
})
