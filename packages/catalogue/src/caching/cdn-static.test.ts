import type { Evidence, HttpAnswer } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import {
  askedAgain,
  askedAsNobody,
  httpProbe,
  httpProbesOf,
  times,
  trace,
  tracesOf,
} from '../derive/testing/evidence.ts'
import { cdnStatic } from './cdn-static.ts'

interface Case {
  readonly plain?: Partial<HttpAnswer>
  readonly repeat?: Partial<HttpAnswer>
  readonly authorised?: boolean
  readonly asNobody?: Partial<HttpAnswer>
  readonly requests?: number
  readonly fileBytes?: number
}
const script = (more: Record<string, string> = {}) => ({
  'content-type': 'text/javascript',
  'cache-control': 'public, max-age=3600',
  ...more,
})

function files({
  plain = {},
  repeat = {},
  authorised = false,
  asNobody,
  requests = 30,
  fileBytes = 40_000,
}: Case = {}): Evidence {
  const route = 'GET /assets/*'
  const answer = { wireBytes: fileBytes, bodyBytes: fileBytes, headers: script(), ...plain }
  const probe = { ...httpProbe(route, answer), ...(authorised && { authorised }) }
  return {
    'http-probe': httpProbesOf(probe, ...(asNobody ? [askedAsNobody(probe, asNobody)] : []), askedAgain(probe, repeat)),
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
    'who is not logged in is sent away': files({ authorised: true, asNobody: { statusCode: 302, bodyHash: '' } }),
    'nothing says how long a cache may keep them': files({ plain: { headers: { 'content-type': 'text/javascript' } } }),
    'a cache would have to ask each time': files({ plain: { headers: script({ 'cache-control': 'max-age=0' }) } }),
    'only browsers may keep them': files({ plain: { headers: script({ 'cache-control': 'private, max-age=60' }) } }),
    'a cookie is set': files({ plain: { headers: script({ 'set-cookie': 'sid=***' }) } }),
    'an image made anew for every request': files({ repeat: { bodyHash: 'other' } }),
    'nothing probed': { 'http-probe': httpProbesOf(), traces: tracesOf([]) },
  },
  reports: {
    'files are a third of the requests and most of the bytes': {
      evidence: files(),
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
    'the requests carried a token, which the files do not ask for': {
      evidence: files({ authorised: true, asNobody: {} }),
      finds: [expect.objectContaining({ where: { route: 'GET /assets/*' } })],
    },
    'a cache in front may keep them longer than browsers': {
      evidence: files({ plain: { headers: script({ 'cache-control': 'max-age=0, s-maxage=60' }) } }),
      finds: [expect.objectContaining({ where: { route: 'GET /assets/*' } })],
    },
  },
})

it('says what it saw where there is nothing to do', () => {
  expect(outcomeOf(cdnStatic, files({ requests: 3 }))).toMatchObject({
    kind: 'pass',
    because: [{ label: 'share of requests' }, { label: 'share of bytes' }],
  })
  expect(outcomeOf(cdnStatic, files({ plain: { headers: script({ age: '12' }) } }))).toMatchObject({
    kind: 'pass',
    because: [{ label: 'routes with files' }, { label: 'of them answered by a cache', quantity: { value: 1 } }],
  })
  expect(outcomeOf(cdnStatic, files({ authorised: true }))).toMatchObject({ kind: 'not-applicable' })
})
