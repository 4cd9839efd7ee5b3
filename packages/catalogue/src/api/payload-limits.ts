/** Bodies without a bound: answers far larger than a screen needs, and uploads that nobody stops. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  type HttpProbe,
  investigate,
  type LoadCurveEvidence,
  notApplicable,
  pass,
  type RouteName,
  unknown,
  type Where,
} from '@whetstone/model'
import { bytesText, fact, msText } from '../derive/figures.ts'
import { readAnswers, type RouteAnswers } from '../derive/http-answers.ts'
import { measuredStep } from '../derive/load.ts'

/** Large bodies sent at most: each is held by the service as a whole. */
const MOST_UPLOADS = 3

export const payloadLimits = definePractice({
  id: 'payload-limits',
  chapter: 'api',
  title: 'Enforce payload size limits',
  why: 'A body is held in memory whole: without a limit one client can fill it, and one answer of a megabyte takes the main thread and the line for everybody.',
  unless: ['The route is an upload or download that streams.', 'A proxy in front refuses large bodies.'],
  sources: [
    'https://docs.sentry.io/product/issues/issue-details/performance-issues/large-http-payload/',
    'https://fastify.dev/docs/latest/Reference/Server/#bodylimit',
    'https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/',
  ],
  needs: ['http-probe'],
  optional: ['load-curve'],
  thresholds: {
    bodyBytes: { value: 300_000, unit: 'bytes', source: 'Sentry large HTTP payload, 300,000 B' },
    durationMs: { value: 100, unit: 'ms', source: 'Sentry large HTTP payload, 100 ms' },
    acceptedBytes: {
      value: 10_000_000,
      unit: 'bytes',
      source: 'ten times the default of Fastify, a hundred times that of Express',
    },
    listItems: { value: 50, unit: 'count', source: 'a longer list is a matter of pages, and api-pagination says so' },
  },
  remedy: {
    summary:
      'Refuse bodies over a limit with 413 before reading them, and send answers in parts that a client can use.',
    library: 'bodyLimit (Fastify), express.json({ limit }), koa-body',
    example: {
      language: 'ts',
      before: `const app = fastify({ bodyLimit: Infinity })`,
      after: `const app = fastify({ bodyLimit: 1_048_576 }) // 413 above 1 MiB
app.post('/import', { bodyLimit: 20_000_000 }, streamToDisk)`,
    },
  },
  detect({ 'http-probe': evidence, 'load-curve': load }, thresholds) {
    const answers = readAnswers(evidence)
    const uploads = evidence.probes.filter(({ variation }) => variation.kind === 'body-bytes')
    const accepted = uploads.filter(probe => isAcceptedUpload(probe, thresholds.acceptedBytes))
    const large = answers.filter(answer => isNeedlesslyLarge(answer, thresholds))
    const found = [...accepted.map(acceptsAnything), ...large.map(tooLarge)]
    const untried = routesTakingBodies(load).filter(route => !uploads.some(upload => upload.route === route))
    if (untried.length > 0) {
      const variation = { kind: 'body-bytes' as const, bytes: thresholds.acceptedBytes }
      return investigate(
        untried.map(route => ({ kind: 'http-probe' as const, route, variation })),
        found,
      )
    }
    if (found.length > 0) return findings(found)
    if (answers.length === 0 && uploads.length === 0) return notApplicable('no GET route was probed')
    if (uploads.length === 0)
      return unknown(
        ['http-probe'],
        'how large a body is accepted is not known: no request that sends one was allowed',
        `--request 'POST /path {…}' for a route that may be sent ${bytesText(thresholds.acceptedBytes)}`,
      )
    const largest = Math.max(0, ...answers.map(({ plain }) => plain.bodyBytes))
    return pass(
      [fact('largest answer', largest, 'bytes', 'http-probe')],
      `largest answer ${bytesText(largest)}; a body of ${bytesText(thresholds.acceptedBytes)} is refused`,
    )
  },
})

/**
 * Routes with a body in the measured load: a request that writes is only there when the user has said that repeating it does
 * no harm. One route for each path, since the limit is the path's and not that of each GraphQL operation.
 */
function routesTakingBodies(load: LoadCurveEvidence | undefined): readonly RouteName[] {
  const byPath = new Map<string, RouteName>()
  for (const { route } of load ? (measuredStep(load)?.routes ?? []) : []) {
    const path = /^(?:POST|PUT|PATCH) \S+/.exec(route)?.[0]
    if (path !== undefined && !byPath.has(path)) byPath.set(path, route)
  }
  return [...byPath.values()].slice(0, MOST_UPLOADS)
}

function isAcceptedUpload({ variation, answer }: HttpProbe, limitBytes: number): boolean {
  return (
    variation.kind === 'body-bytes' &&
    variation.bytes >= limitBytes &&
    answer.statusCode >= 200 &&
    answer.statusCode < 300
  )
}

/** Only what one page or another form would not cure: long lists belong to `api-pagination`, downloads are meant to be large. */
function isNeedlesslyLarge(
  { plain }: RouteAnswers,
  limits: { bodyBytes: number; durationMs: number; listItems: number },
): boolean {
  if (!plain.json || plain.headers['content-disposition'] !== undefined) return false
  return (
    plain.bodyBytes >= limits.bodyBytes &&
    plain.durationMs >= limits.durationMs &&
    (plain.json.items ?? 1) <= limits.listItems
  )
}

function acceptsAnything({ route, variation, answer }: HttpProbe): Finding {
  const bytes = variation.kind === 'body-bytes' ? variation.bytes : 0
  const where: Where = { route, resource: 'request body' }
  return {
    fingerprint: fingerprintOf('payload-limits', where),
    practice: 'payload-limits',
    title: `a request body of ${bytesText(bytes)} is accepted`,
    where,
    facts: [
      fact('body accepted', bytes, 'bytes', 'http-probe'),
      fact('time for it', answer.durationMs, 'ms', 'http-probe'),
    ],
    confidence: 'measured',
    risk: 'outage',
    remedy: {
      summary: 'Refuse larger bodies than the route needs with 413.',
      steps: [
        'Set one limit for the service, and a higher one only for the routes that take files; those should stream.',
      ],
      code: {
        language: 'ts',
        after: `app.use(express.json({ limit: '1mb' }))\n// Fastify: fastify({ bodyLimit: 1_048_576 })`,
      },
    },
  }
}

function tooLarge({ route, plain }: RouteAnswers): Finding {
  const where: Where = { route }
  return {
    fingerprint: fingerprintOf('payload-limits', where),
    practice: 'payload-limits',
    title: `one answer of ${bytesText(plain.bodyBytes)}, ${msText(plain.durationMs)}`,
    where,
    facts: [
      fact('body', plain.bodyBytes, 'bytes', 'http-probe'),
      fact('time for it', plain.durationMs, 'ms', 'http-probe'),
    ],
    confidence: 'strong',
    // Half is what a selection of fields usually leaves; which fields are needed only the client knows.
    edit: { kind: 'bytes', route, bytesBefore: plain.bodyBytes, bytesAfter: Math.round(plain.bodyBytes / 2) },
    remedy: {
      summary: 'Send the parts a client uses, and let it ask for the rest.',
      steps: [
        'Leave out fields no client reads, link to large parts instead of embedding them, or stream the document.',
      ],
      code: {
        language: 'ts',
        after: `const fields = new Set(String(query.fields ?? 'id,name').split(','))
return Object.fromEntries(Object.entries(document).filter(([name]) => fields.has(name)))`,
      },
    },
  }
}
