import type { Evidence, HttpAnswer } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { askedAgain, httpProbe, httpProbesOf, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { cdnStatic } from './cdn-static.ts'

interface Case {
  readonly plain?: Partial<HttpAnswer>
  readonly repeat?: Partial<HttpAnswer>
  readonly authorised?: boolean
  readonly requests?: number
  readonly fileBytes?: number
}
const script = (more: Record<string, string> = {}) => ({ 'content-type': 'text/javascript', ...more })

function files({
  plain = {},
  repeat = {},
  authorised = false,
  requests = 30,
  fileBytes = 40_000,
}: Case = {}): Evidence {
  const route = 'GET /assets/*'
  const answer = { wireBytes: fileBytes, bodyBytes: fileBytes, headers: script(), ...plain }
  const probe = { ...httpProbe(route, answer), ...(authorised && { authorised }) }
  return {
    'http-probe': httpProbesOf(probe, askedAgain(probe, repeat)),
    traces: tracesOf([
      ...times(requests, trace(route, 2, [], { responseBytes: fileBytes })),
      ...times(70, trace('GET /api', 5, [], { responseBytes: 2_000 })),
    ]),
  }
}

describePractice(cdnStatic, {
  silent: {
    'answered by a CDN': files({ plain: { headers: script({ 'cf-ray': '8a', 'cf-cache-status': 'HIT' }) } }),
    'answered by a proxy': files({ plain: { headers: script({ 'x-cache': 'MISS' }) } }),
    'answered by a cache that only says the age': files({ plain: { headers: script({ age: '12' }) } }),
    'hardly any requests': files({ requests: 3 }),
    'hardly any bytes': files({ fileBytes: 500 }),
    'data, not files': files({ plain: { headers: { 'content-type': 'application/json' } } }),
    'pages, which may be anybody’s': files({ plain: { headers: { 'content-type': 'text/html' } } }),
    'a file for one person': files({ plain: { headers: script({ 'cache-control': 'private' }) } }),
    'only for who is logged in': files({ authorised: true }),
    'a cookie is set': files({ plain: { headers: script({ 'set-cookie': 'sid=***' }) } }),
    'an image made anew for every request': files({ repeat: { bodyHash: 'other' } }),
    'nothing probed': { 'http-probe': httpProbesOf(), traces: tracesOf([]) },
  },
  reports: {
    'files are a third of the requests and most of the bytes': {
      evidence: files({ plain: { headers: script({ 'cache-control': 'public, max-age=3600' }) } }),
      finds: [
        {
          fingerprint: 'cdn-static|GET /assets/*||',
          practice: 'cdn-static',
          title: 'the service sends its files itself: 30 % of the requests, 90 % of the bytes',
          where: { route: 'GET /assets/*' },
          facts: [
            stated('share of requests', 0.3, 'fraction', 'traces'),
            stated('share of bytes', 0.8955, 'fraction', 'traces'),
            stated('routes with files', 1, 'count', 'http-probe'),
            stated('the heaviest of them', 40_000, 'bytes', 'http-probe'),
          ],
          confidence: 'suspected',
          remedy: {
            summary: 'Put a cache between the readers and the service.',
            steps: expect.any(Array),
            code: { language: 'http', after: expect.stringContaining('proxy_cache files') },
          },
        },
      ],
    },
  },
})
