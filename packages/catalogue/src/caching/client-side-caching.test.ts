import type { Evidence, HttpAnswer } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { askedAgain, httpProbe, httpProbesOf } from '../derive/testing/evidence.ts'
import { clientSideCaching } from './client-side-caching.ts'

const script = (more: Record<string, string> = {}) => ({ 'content-type': 'text/javascript', ...more })
function file(
  plain: Partial<HttpAnswer>,
  { url = '/assets/app.3f9a1c2b.js', repeat = {}, authorised = false, route = 'GET /assets/*' }: { url?: string; repeat?: Partial<HttpAnswer>; authorised?: boolean; route?: string } = {}, // prettier-ignore
): Evidence {
  const answer = { bodyBytes: 90_000, wireBytes: 30_000, headers: script(), ...plain }
  const probe = { ...httpProbe(route, answer), url, ...(authorised && { authorised }) }
  return {
    'http-probe': httpProbesOf(probe, askedAgain(probe, repeat)),
  }
}

describePractice(clientSideCaching, {
  silent: {
    'kept for a year': file({ headers: script({ 'cache-control': 'public, max-age=31536000, immutable' }) }),
    'kept for two months, without immutable': file({ headers: script({ 'cache-control': 'max-age=5184000' }) }),
    'kept by Expires': file({
      headers: script({ expires: 'Sun, 22 Nov 2027 10:00:00 GMT', date: 'Sun, 22 Nov 2026 10:00:00 GMT' }),
    }),
    'no-store on purpose': file({ headers: script({ 'cache-control': 'no-store' }) }),
    'a name that stays': file({}, { url: '/assets/app.js' }),
    'a version in the name, which is no hash': file({}, { url: '/assets/jquery-3.6.0.min.js' }),
    'an answer of data, whatever its URL looks like': file({ headers: { 'content-type': 'application/json' } }),
    'a tiny file': file({ bodyBytes: 300, wireBytes: 300 }),
    'content that differs although the name does not': file({}, { repeat: { bodyHash: 'other' } }),
    'for one person': file({}, { authorised: true }),
    'a cookie is set': file({ headers: script({ 'set-cookie': 'sid=***' }) }),
    'an error': file({ statusCode: 404 }),
    'nothing probed': { 'http-probe': httpProbesOf() },
  },
  reports: {
    'a file named by its content, with the defaults of a static middleware': {
      evidence: file({ headers: script({ 'cache-control': 'public, max-age=0', etag: 'W/"1"' }) }),
      finds: [
        {
          fingerprint: 'client-side-caching|GET /assets/*||',
          practice: 'client-side-caching',
          title: 'a file named by its content, 30 kB, that browsers ask for again on every visit',
          where: { route: 'GET /assets/*' },
          facts: [
            stated('transferred again', 30_000, 'bytes', 'http-probe'),
            stated('kept by browsers for', 0, 'count', 'http-probe'),
          ],
          confidence: 'strong',
          edit: { kind: 'bytes', route: 'GET /assets/*', bytesBefore: 30_000, bytesAfter: 0 },
          remedy: {
            summary: 'Let browsers keep it for a year without asking.',
            steps: expect.any(Array),
            code: { language: 'ts', after: expect.stringContaining('immutable') },
          },
        },
      ],
    },
    'a day is not long': {
      evidence: {
        ...file({ headers: script({ 'cache-control': 'max-age=86400' }) }, { url: '/logo.png?v=5d41402a' }),
        source: { schema: 'source@1', root: '/', dependencies: { express: '5' }, excerpts: {} },
      },
      finds: [
        expect.objectContaining({
          title: expect.stringContaining('after a while'),
          remedy: expect.objectContaining({
            code: { language: 'ts', after: expect.stringContaining('express.static') },
          }),
        }),
      ],
    },
  },
})
