/** Answers that never change between two requests, sent again in full because nothing lets the client ask "still the same?". */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type SourceEvidence,
} from '@whetstone/model'
import { isAsset, isNamedByContent } from '../derive/assets.ts'
import { bytesText, fact, msText } from '../derive/figures.ts'
import { frameworkOf } from '../derive/framework.ts'
import {
  cacheControlOf,
  hasParameters,
  hasValidator,
  isForEverybody,
  isStable,
  lacksFreshness,
  notModifiedBytes,
  readAnswers,
  type RouteAnswers,
  saysNothing,
} from '../derive/http-answers.ts'

export const etagValidation = definePractice({
  id: 'etag-validation',
  chapter: 'caching',
  title: 'Validators (ETag / Last-Modified, 304)',
  why: 'With a validator a client that holds the answer gets a 304 of a few hundred bytes instead of the whole body again.',
  unless: [
    'The body is small: a 304 and a 200 cost the same packet.',
    'The body is huge: hashing it on every request costs more CPU than the bytes saved are worth.',
    'The answer differs on every request, or must not be stored.',
    'Clients never ask for the same URL twice.',
  ],
  sources: [
    'https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests',
    'https://developer.mozilla.org/docs/Web/HTTP/Guides/Conditional_requests',
  ],
  needs: ['http-probe'],
  optional: ['source'],
  thresholds: {
    bodyBytes: {
      value: 10_000,
      unit: 'bytes',
      source: 'most of the first window of 14.6 kB (RFC 6928): below, a 304 saves no round trip',
    },
    hugeBytes: {
      value: 1_000_000,
      unit: 'bytes',
      source: 'an ETag over an answer of 18 MB was measured to cost more than it saved',
    },
    freshSeconds: { value: 3_600, unit: 'count', source: 'an answer fresh for an hour is hardly ever revalidated' },
  },
  remedy: {
    summary: 'Send an ETag (or Last-Modified), and answer If-None-Match with 304.',
    library:
      '@whetstone/runtime/cache/http httpCache for Fastify, Express and Hono; @fastify/etag; koa-etag with koa-conditional-get',
    example: {
      language: 'http',
      before: `GET /products\n\n200 OK\ncontent-length: 48210`,
      after: `GET /products\nif-none-match: "v17"\n\n304 Not Modified\netag: "v17"`,
    },
    withRuntime: `import Fastify from 'fastify'
import { versionTag } from '@whetstone/runtime/cache/http'
import { httpCache } from '@whetstone/runtime/cache/http/fastify' // or /express, /hono
const server = Fastify()
await server.register(httpCache) // a tag for every answer that has none, and 304 for whoever holds it
server.get('/orders/:id', async (_, reply) => {
  reply.header('etag', versionTag(order.id, order.created_at)) // of a version: no body has to be hashed
  return order
})`,
  },
  detect({ 'http-probe': evidence, source }, thresholds) {
    const answers = readAnswers(evidence)
    if (answers.length === 0) return notApplicable('no GET route was probed')
    const found: Finding[] = []
    for (const answer of answers) {
      const { bodyBytes } = answer.plain
      if (
        bodyBytes < thresholds.bodyBytes ||
        // What makes the tag of a file from its size and date hashes nothing.
        (bodyBytes > thresholds.hugeBytes && !isAsset(answer.plain)) ||
        staysFresh(answer, thresholds.freshSeconds)
      )
        continue
      if (ignoresValidator(answer)) found.push(ignored(answer, source))
      else if (!hasValidator(answer.plain) && isStable(answer) && isMeantToBeKept(answer))
        found.push(missing(answer, source))
    }
    if (found.length > 0) return findings(found)
    const validated = answers.filter(({ plain }) => hasValidator(plain))
    return pass([fact('routes with a validator', validated.length, 'count', 'http-probe')])
  },
})

function staysFresh({ plain }: RouteAnswers, seconds: number): boolean {
  const control = cacheControlOf(plain)
  return control.has('no-store') || control.has('immutable') || Number(control.get('max-age') ?? 0) >= seconds
}

/** The tag was sent back and the very same body came again. */
function ignoresValidator({ plain, revalidated }: RouteAnswers): boolean {
  return (
    plain.headers['etag'] !== undefined &&
    revalidated?.statusCode === 200 &&
    revalidated.bodyHash === plain.bodyHash &&
    revalidated.headers['etag'] === plain.headers['etag']
  )
}

/**
 * Somebody thought of caching, or one client asks again for its own, or a browser for a file. Without any header an answer is the business
 * of `http-cache-headers`; a file named by its content, of `client-side-caching`, which spares the question too.
 */
function isMeantToBeKept(answers: RouteAnswers): boolean {
  if (isAsset(answers.plain) && isForEverybody(answers)) return !isNamedByContent(answers.url)
  if (lacksFreshness(answers)) return false
  return cacheControlOf(answers.plain).size > 0 || (answers.authorised && !hasParameters(answers.route))
}

function ignored({ route, plain }: RouteAnswers, source: SourceEvidence | undefined): Finding {
  const where = { route }
  return {
    fingerprint: fingerprintOf('etag-validation', where),
    practice: 'etag-validation',
    title: `sends an ETag, then answers If-None-Match with the same ${bytesText(plain.bodyBytes)} again`,
    where,
    facts: [
      fact('body sent again', plain.bodyBytes, 'bytes', 'http-probe'),
      fact('server time for it', plain.durationMs, 'ms', 'http-probe'),
    ],
    confidence: 'measured',
    edit: { kind: 'bytes', route, bytesBefore: plain.wireBytes, bytesAfter: notModifiedBytes },
    remedy: {
      summary: 'Compare If-None-Match with the ETag and answer 304 without a body.',
      steps: [
        'Every client that revalidates pays for the whole body now, though it says that it has it.',
        'Check the order of the hooks: the tag must be compared after it was set and before the body is sent.',
      ],
      code: {
        language: 'ts',
        after:
          frameworkOf(source) === 'express'
            ? `if (req.fresh) return res.status(304).end() // after the tag was set: streams and res.end() do not compare it`
            : codeFor(source),
      },
    },
  }
}

function missing({ route, plain, repeat }: RouteAnswers, source: SourceEvidence | undefined): Finding {
  const where = { route }
  const isFile = isAsset(plain)
  return {
    fingerprint: fingerprintOf('etag-validation', where),
    practice: 'etag-validation',
    title: isFile
      ? `a file of ${bytesText(plain.bodyBytes)} that browsers load whole ${saysNothing(plain) ? 'on every visit: it has neither Cache-Control nor a validator' : 'each time they ask: it has no validator'}`
      : `the same ${bytesText(plain.bodyBytes)} again on every request, without a validator`,
    where,
    facts: [
      fact('body', plain.bodyBytes, 'bytes', 'http-probe'),
      fact('unchanged after', repeat!.afterMs, 'ms', 'http-probe'),
    ],
    // How often clients ask again is not in the evidence.
    confidence: 'suspected',
    edit: { kind: 'bytes', route, bytesBefore: plain.wireBytes, bytesAfter: notModifiedBytes },
    remedy: {
      summary: 'Send an ETag, and answer If-None-Match with 304.',
      steps: isFile
        ? [
            `It saves the ${bytesText(plain.bodyBytes)} each time a browser asks again. Static middlewares send both validators unless an option switches them off.`,
            'With Cache-Control: no-cache the browser asks each time, and no new version is missed. Once its name holds a hash of its content, it may be kept for a year.',
          ]
        : [
            `It saves the ${bytesText(plain.bodyBytes)} each time a client asks again; the server still does its work of ${msText(plain.durationMs)}.`,
            'Where the rows carry a version or updated_at, build the tag from that and skip the work too.',
          ],
      code: { language: 'ts', after: (isFile ? fileCodeFor(source) : undefined) ?? codeFor(source) },
    },
  }
}

/** Undefined where files get their validators as all answers do. */
function fileCodeFor(source: SourceEvidence | undefined): string | undefined {
  switch (frameworkOf(source)) {
    case 'express':
      // The setting of the application named etag does not reach it.
      return `app.use(express.static(root, { etag: true, lastModified: true })) // the defaults: take out what sets them to false`
    case 'fastify':
      return `await app.register(fastifyStatic, { root, etag: true, lastModified: true }) // the defaults: take out what sets them to false`
    case 'koa':
    case 'hono':
      return undefined
    case undefined:
      return `const { size, mtimeMs } = await stat(path)
const tag = \`W/"\${size.toString(16)}-\${Math.floor(mtimeMs).toString(16)}"\`
response.setHeader('etag', tag)
response.setHeader('cache-control', 'no-cache')
if (request.headers['if-none-match'] === tag) return response.writeHead(304).end()
await pipeline(createReadStream(path), response)`
  }
}

function codeFor(source: SourceEvidence | undefined): string {
  switch (frameworkOf(source)) {
    case 'fastify':
      return `import etag from '@fastify/etag'

await app.register(etag, { weak: true }) // sets the tag and answers 304`
    case 'express':
      return `app.set('etag', 'weak') // on by default for res.send and res.json; streams need their own`
    case 'koa':
      return `import conditional from 'koa-conditional-get'
import etag from 'koa-etag'

app.use(conditional())
app.use(etag())`
    case 'hono':
      return `import { etag } from 'hono/etag'

app.use(etag())`
    case undefined:
      return `const tag = \`W/"\${createHash('sha1').update(body).digest('base64url')}"\`
response.setHeader('etag', tag)
if (request.headers['if-none-match'] === tag) return response.writeHead(304).end()
response.end(body)`
  }
}
