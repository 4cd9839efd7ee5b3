/** Files that the service itself sends to every browser, however far away, where a cache near them would. */
import { definePractice, type Finding, findings, fingerprintOf, notApplicable, pass } from '@whetstone/model'
import { cameByCache, isAsset } from '../derive/assets.ts'
import { bytesText, fact, percentText } from '../derive/figures.ts'
import { isForEverybody, isStable, readAnswers, type RouteAnswers, sharedFreshSeconds } from '../derive/http-answers.ts'
import { readRoutes, type RouteReading } from '../derive/routes.ts'

export const cdnStatic = definePractice({
  id: 'cdn-static',
  chapter: 'caching',
  title: 'CDN for static and cacheable content',
  why: 'A cache near the reader answers without the way to the origin and back, and the origin has the request only once for all of them.',
  unless: [
    'There is a CDN in front in production, which a test on this machine goes past.',
    'All readers sit next to the service.',
    'The files belong to one person each, or change with every request.',
  ],
  sources: [
    'https://www.rfc-editor.org/rfc/rfc9111',
    'https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache',
  ],
  needs: ['http-probe', 'traces'],
  thresholds: {
    requestFraction: { value: 0.05, unit: 'fraction', source: 'fewer files than one request in twenty are no load' },
    byteFraction: { value: 0.2, unit: 'fraction', source: 'a fifth of all bytes is what moving them is worth' },
  },
  remedy: {
    summary: 'Put a cache in front: a CDN, or nginx with proxy_cache; and let Cache-Control say what it may keep.',
    library: 'any CDN, nginx proxy_cache, @whetstone/runtime/cache/http for the headers and for purging by tag',
    example: {
      language: 'http',
      before: `GET /assets/app.js  →  the service\n\n200 OK\ncache-control: public, max-age=3600`,
      after: `GET /assets/app.js  →  the cache\n\n200 OK\ncache-control: public, max-age=3600\nage: 812\nx-cache: HIT`,
    },
    withRuntime: `import { cacheControl, cacheTags } from '@whetstone/runtime/cache/http'
// Browsers ask again after a minute, the CDN keeps it for a day and forgets it when the tag is purged.
reply.header('cache-control', cacheControl.publicFor('1m', { shared: '1d', staleWhileRevalidate: '1h' }))
for (const [name, value] of Object.entries(cacheTags('assets'))) reply.header(name, value)`,
  },
  detect({ 'http-probe': evidence, traces }, thresholds) {
    const files = readAnswers(evidence).filter(({ plain }) => isAsset(plain))
    if (files.length === 0) return notApplicable('no route that was probed serves files for browsers')
    const near = files.filter(({ plain }) => cameByCache(plain))
    const routes = readRoutes(traces)
    const bytesOf = ({ aggregate }: RouteReading) => aggregate.responseBytes
    const allBytes = [...routes.values()].reduce((sum, reading) => sum + bytesOf(reading), 0)
    const shared = files.filter(one => !cameByCache(one.plain) && isForEverybody(one) && isStable(one))
    // Without a word on how long, a cache in front asks the service each time: that word comes first, and others ask for it.
    const keepable = shared.filter(({ plain }) => sharedFreshSeconds(plain) > 0)
    const own = keepable.flatMap(answer => {
      const reading = routes.get(answer.route)
      return reading ? [{ answer, reading }] : []
    })
    const requestFraction = own.reduce((sum, { reading }) => sum + reading.requestFraction, 0)
    const byteFraction = allBytes > 0 ? own.reduce((sum, { reading }) => sum + bytesOf(reading), 0) / allBytes : 0
    const heaviest = own.toSorted((a, b) => bytesOf(b.reading) - bytesOf(a.reading))[0]
    if (heaviest && requestFraction >= thresholds.requestFraction && byteFraction >= thresholds.byteFraction)
      return findings([findingOf(heaviest.answer, { requestFraction, byteFraction, routes: own.length })])
    if (near.length > 0)
      return pass([
        fact('routes with files', files.length, 'count', 'http-probe'),
        fact('of them answered by a cache', near.length, 'count', 'http-probe'),
      ])
    if (heaviest)
      return pass(
        [
          fact('share of requests', requestFraction, 'fraction', 'traces'),
          fact('share of bytes', byteFraction, 'fraction', 'traces'),
        ],
        'few of the requests and bytes are of files',
      )
    return notApplicable(
      shared.length > 0
        ? 'the files do not say how long a cache in front may keep them'
        : 'no file is the same each time, and for everybody',
    )
  },
})

interface Share {
  readonly requestFraction: number
  readonly byteFraction: number
  readonly routes: number
}

/** One for all: they move together. */
function findingOf({ route, plain }: RouteAnswers, { requestFraction, byteFraction, routes }: Share): Finding {
  const where = { route }
  return {
    fingerprint: fingerprintOf('cdn-static', where),
    practice: 'cdn-static',
    title: `the service sends its files itself: ${percentText(requestFraction)} of the requests, ${percentText(byteFraction)} of the bytes`,
    where,
    facts: [
      fact('share of requests', requestFraction, 'fraction', 'traces'),
      fact('share of bytes', byteFraction, 'fraction', 'traces'),
      fact('routes with files', routes, 'count', 'http-probe'),
      fact('the heaviest of them', plain.wireBytes, 'bytes', 'http-probe'),
    ],
    // What stands in front of the service elsewhere cannot be seen from here.
    confidence: 'suspected',
    remedy: {
      summary: 'Put a cache between the readers and the service.',
      steps: [
        'In production, ask for one of these files by its public address: an age, via or x-cache in the answer says that there is one, and nothing is to be done.',
        `Otherwise a CDN, or nginx as below, takes ${percentText(requestFraction)} of the requests off the service, and each file of ${bytesText(plain.wireBytes)} off the long way.`,
        'Let it lock while it fills (proxy_cache_lock), so that a new file is asked for once.',
      ],
      code: {
        language: 'http',
        after: `proxy_cache_path /var/cache/nginx keys_zone=files:10m max_size=1g;
location /assets/ {
  proxy_cache files;
  proxy_cache_lock on;
  proxy_cache_use_stale updating error timeout;
  proxy_cache_background_update on;
  add_header X-Cache $upstream_cache_status;
  proxy_pass http://service;
}`,
      },
    },
  }
}
