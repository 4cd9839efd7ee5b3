import type { Evidence, HttpAnswer } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { askedAgain, askedAsNobody, httpProbe, httpProbesOf } from '../derive/testing/evidence.ts'
import { clientSideCaching } from './client-side-caching.ts'

const script = (more: Record<string, string> = {}) => ({ 'content-type': 'text/javascript', ...more })
function file(
  plain: Partial<HttpAnswer>,
  {
    url = '/assets/app.3f9a1c2b.js',
    repeat = {},
    authorised = false,
    asNobody,
    route = 'GET /assets/*',
  }: {
    url?: string
    repeat?: Partial<HttpAnswer>
    authorised?: boolean
    asNobody?: Partial<HttpAnswer>
    route?: string
  } = {},
): Evidence {
  const answer = { bodyBytes: 90_000, wireBytes: 30_000, headers: script(), ...plain }
  const probe = { ...httpProbe(route, answer), url, ...(authorised && { authorised }) }
  return {
    'http-probe': httpProbesOf(probe, ...(asNobody ? [askedAsNobody(probe, asNobody)] : []), askedAgain(probe, repeat)),
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
    'nobody gets it without a token': file({}, { authorised: true, asNobody: { statusCode: 401, bodyHash: 'no' } }),
    'nobody gets another': file({}, { authorised: true, asNobody: { bodyHash: 'other' } }),
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
          facts: [stated('file', 30_000, 'bytes', 'http-probe')],
          confidence: 'strong',
          edit: { kind: 'bytes', route: 'GET /assets/*', bytesBefore: 250, bytesAfter: 0 },
          remedy: {
            summary: 'Let browsers keep it for a year without asking.',
            steps: expect.any(Array),
            code: { language: 'ts', after: expect.stringContaining('immutable') },
          },
        },
      ],
    },
    'the request carried a token, which the file does not ask for': {
      evidence: file({}, { authorised: true, asNobody: {} }),
      finds: [
        expect.objectContaining({
          edit: { kind: 'bytes', route: 'GET /assets/*', bytesBefore: 30_000, bytesAfter: 0 },
        }),
      ],
    },
    'browsers guess how long from its date': {
      evidence: file({ headers: script({ 'last-modified': 'Sat, 01 Nov 2025 10:00:00 GMT' }) }),
      finds: [expect.objectContaining({ title: expect.stringContaining('ask for again after a while') })],
    },
    'a day is not long': {
      evidence: {
        ...file({ headers: script({ 'cache-control': 'max-age=86400' }) }, { url: '/logo.png?v=5d41402a' }),
        source: { schema: 'source@1', root: '/', dependencies: { express: '5' }, excerpts: {} },
      },
      finds: [
        expect.objectContaining({
          title: expect.stringContaining('after a while'),
          facts: [
            stated('file', 30_000, 'bytes', 'http-probe'),
            stated('kept by browsers for', 86_400_000, 'ms', 'http-probe'),
          ],
          remedy: expect.objectContaining({
            code: { language: 'ts', after: expect.stringContaining('express.static') },
          }),
        }),
      ],
    },
  },
})

it('counts the files that browsers keep, and no others', () => {
  const kept = { headers: script({ 'cache-control': 'max-age=31536000' }) }
  expect(outcomeOf(clientSideCaching, file(kept))).toMatchObject({
    kind: 'pass',
    because: [{ label: 'files kept by browsers', quantity: { value: 1 } }],
  })
  for (const other of [file(kept, { authorised: true }), file({ bodyBytes: 300 })])
    expect(outcomeOf(clientSideCaching, other)).toMatchObject({ kind: 'not-applicable' })
})

it.each([
  ['/static/app.4f3a9c1e.js', ['/static/style.css', '/jquery-3.6.0.min.js', '/report-20261122.css', '/a-component.js']],
  ['/assets/index-BX3kd9aQ.css', ['/assets/style.css', '/bootstrap-datepicker4.js', '/jquery-3.6.0.min.js']],
  ['/logo.png?v=5d41402a', ['/logo.png', '/logo.png?session=5d41402a']],
])('its code keeps %s and nothing beside it', (url, others) => {
  const outcome = outcomeOf(clientSideCaching, {
    ...file({}, { url }),
    source: { schema: 'source@1', root: '/', dependencies: { express: '5' }, excerpts: {} },
  })
  const [one] = outcome.kind === 'finding' ? outcome.findings : []
  const [, pattern = ''] = /if \(\/(.+)\/\.test\(res\.req\.url\)/.exec(one?.remedy.code?.after ?? '') ?? []
  expect([url, ...others].filter(asked => new RegExp(pattern).test(asked))).toEqual([url])
})
