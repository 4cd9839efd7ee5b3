/** Bodies without a bound: answers far larger than a screen needs, and uploads that nobody stops. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  type HttpProbe,
  notApplicable,
  pass,
  type Where,
} from '@whetstone/model'
import { bytesText, fact, msText } from '../derive/figures.ts'
import { frameworkOf } from '../derive/framework.ts'
import { readAnswers, type RouteAnswers } from '../derive/http-answers.ts'

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
  optional: ['source'],
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
  detect({ 'http-probe': evidence, source }, thresholds) {
    const answers = readAnswers(evidence)
    const accepted = evidence.probes.filter(probe => isAcceptedUpload(probe, thresholds.acceptedBytes))
    if (answers.length === 0 && accepted.length === 0) return notApplicable('no GET route was probed')
    const large = answers.filter(answer => isNeedlesslyLarge(answer, thresholds))
    const found = [...accepted.map(acceptsAnything), ...large.map(tooLarge)]
    if (found.length > 0) return findings(found)
    const largest = Math.max(...answers.map(({ plain }) => plain.bodyBytes))
    const framework = frameworkOf(source)
    return pass(
      [fact('largest answer', largest, 'bytes', 'http-probe')],
      framework === 'fastify' || framework === 'express'
        ? `largest answer ${bytesText(largest)}; ${framework} refuses request bodies over its limit by default`
        : `largest answer ${bytesText(largest)}`,
    )
  },
})

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
