/** The same expensive answer for everybody, computed again for each of them because no header says how long it may be kept. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type SourceEvidence,
  type StatementsEvidence,
} from '@whetstone/model'
import { isAsset } from '../derive/assets.ts'
import { bytesText, fact, msText, percentText } from '../derive/figures.ts'
import { frameworkOf } from '../derive/framework.ts'
import { cacheControlOf, lacksFreshness, readAnswers, type RouteAnswers } from '../derive/http-answers.ts'
import { readRoutes, type RouteReading } from '../derive/routes.ts'

export const httpCacheHeaders = definePractice({
  id: 'http-cache-headers',
  chapter: 'caching',
  title: 'HTTP caching headers (Cache-Control)',
  why: 'A request that a browser, a proxy or a CDN answers from its cache costs the service nothing at all.',
  unless: [
    'The answer belongs to one person, or must be true to the second.',
    'Cache-Control: no-store was set on purpose.',
    'The request changes or locks rows: a cache would leave that undone.',
    'The route is cheap or hardly used: then a cache only adds a way to be wrong.',
    'All callers are services that keep no HTTP cache.',
  ],
  sources: [
    'https://www.rfc-editor.org/rfc/rfc9111',
    'https://developer.mozilla.org/docs/Web/HTTP/Guides/Caching',
    'https://developer.chrome.com/docs/lighthouse/performance/uses-long-cache-ttl',
  ],
  needs: ['http-probe', 'traces'],
  optional: ['source', 'statements'],
  thresholds: {
    serverMs: {
      value: 20,
      unit: 'ms',
      source: 'PgHero calls a statement slow from 20 ms; a cheaper answer is not worth a cache',
    },
    bodyBytes: {
      value: 50_000,
      unit: 'bytes',
      source: 'a body this large is worth keeping even when it is cheap to make',
    },
    requestFraction: { value: 0.05, unit: 'fraction', source: 'less than one request in twenty cannot move the p95' },
    repeatAfterMs: {
      value: 1_000,
      unit: 'ms',
      source: 'a shared cache with a one-second TTL already absorbs a burst (nginx microcaching)',
    },
  },
  remedy: {
    summary:
      'Say how long the answer may be kept: Cache-Control with max-age, and stale-while-revalidate to hide the refresh.',
    library: 'reply.header / res.set, or the cache rules of the CDN',
    example: {
      language: 'http',
      before: `200 OK\ncontent-type: application/json`,
      after: `200 OK\ncontent-type: application/json\ncache-control: public, max-age=30, stale-while-revalidate=60\netag: "v17"`,
    },
    withRuntime: `import Fastify from 'fastify'
import { Cache } from '@whetstone/runtime/cache'
import { cacheControl, ResponseCache } from '@whetstone/runtime/cache/http'
import { httpCache } from '@whetstone/runtime/cache/http/fastify' // or /express, /hono
const server = Fastify()
// Keeps what the headers allow here too; never what a cookie, a token or a handler makes personal.
await server.register(httpCache, { cache: new ResponseCache({ store: new Cache() }) })
server.get('/ranking', async (request, reply) => {
  reply.header('cache-control', cacheControl.publicFor('30s', { staleWhileRevalidate: '1m' }))
  return (await pool.query(sql)).rows
})`,
  },
  detect({ 'http-probe': evidence, traces, source, statements }, thresholds) {
    const answers = readAnswers(evidence)
    if (answers.length === 0) return notApplicable('no GET route was probed')
    const routes = readRoutes(traces)
    const changing = changingRoutes(statements)
    const found: Finding[] = []
    for (const answer of answers) {
      const reading = routes.get(answer.route)
      if (!reading || reading.requestFraction < thresholds.requestFraction || !lacksFreshness(answer)) continue
      // Nobody makes a file anew: those are the business of `client-side-caching` and `etag-validation`.
      if (changing.has(answer.route) || isAsset(answer.plain)) continue
      if ((answer.repeat?.afterMs ?? 0) < thresholds.repeatAfterMs) continue
      // Alone as well as under load: on an overloaded service every route looks dear.
      const aloneMs = Math.min(answer.plain.durationMs, answer.repeat?.answer.durationMs ?? Infinity)
      const isDear =
        Math.min(reading.meanMs, aloneMs) >= thresholds.serverMs || answer.plain.bodyBytes >= thresholds.bodyBytes
      if (isDear) found.push(findingOf(answer, reading, source))
    }
    if (found.length > 0) return findings(found)
    const kept = answers.filter(({ plain }) => cacheControlOf(plain).size > 0)
    return pass([fact('routes with Cache-Control', kept.length, 'count', 'http-probe')])
  },
})

/** Routes that do more than read, whatever their method says: SELECT … FOR UPDATE is done for those who come after. */
function changingRoutes(statements: StatementsEvidence | undefined): ReadonlySet<string> {
  const changing = new Set(
    (statements?.statements ?? [])
      .filter(({ shape }) => shape && (shape.locks || ['insert', 'update', 'delete'].includes(shape.operation)))
      .map(({ id }) => id),
  )
  return new Set((statements?.uses ?? []).filter(use => changing.has(use.statementId)).map(({ route }) => route))
}

function findingOf(
  { route, plain, repeat }: RouteAnswers,
  reading: RouteReading,
  source: SourceEvidence | undefined,
): Finding {
  const where = { route }
  return {
    fingerprint: fingerprintOf('http-cache-headers', where),
    practice: 'http-cache-headers',
    title: `the same answer for every request, ${msText(reading.meanMs)} each, without Cache-Control`,
    where,
    facts: [
      fact('server time per request', reading.meanMs, 'ms', 'traces'),
      fact('share of requests', reading.requestFraction, 'fraction', 'traces'),
      fact('body', plain.bodyBytes, 'bytes', 'http-probe'),
      fact('unchanged after', repeat!.afterMs, 'ms', 'http-probe'),
    ],
    // Seconds without a change are no promise; only the owner knows how old it may be.
    confidence: 'suspected',
    edit: { kind: 'bytes', route, bytesBefore: plain.wireBytes, bytesAfter: 0 },
    remedy: {
      summary: 'Let caches keep the answer for as long as it may be old.',
      steps: [
        'Decide how many seconds old it may be; even one second lets a shared cache absorb a burst.',
        `A cached request saves ${msText(reading.meanMs)} of the service and ${bytesText(plain.bodyBytes)}; ${percentText(reading.requestFraction)} of the requests are of this kind.`,
        'Use private instead of public where the answer depends on who asks.',
      ],
      code: { language: 'ts', after: codeFor(source) },
    },
  }
}

const header = `'cache-control', 'public, max-age=30, stale-while-revalidate=60'`

function codeFor(source: SourceEvidence | undefined): string {
  switch (frameworkOf(source)) {
    case 'fastify':
      return `reply.header(${header})`
    case 'express':
      return `res.set(${header})`
    case 'koa':
      return `ctx.set(${header})`
    case 'hono':
      return `c.header(${header})`
    case undefined:
      return `response.setHeader(${header})`
  }
}
