/** Text sent as it is, though the client said that it takes it compressed. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RouteName,
  type SourceEvidence,
} from '@whetstone/model'
import { bytesText, fact, msText, percentText } from '../derive/figures.ts'
import { frameworkOf } from '../derive/framework.ts'
import { cacheControlOf, isText, readAnswers, type RouteAnswers, varyOf } from '../derive/http-answers.ts'

/** A home or office line of 2026; used only to say what the bytes mean. */
const lineBytesPerMs = 20_000_000 / 8 / 1_000

export const responseCompression = definePractice({
  id: 'response-compression',
  chapter: 'api',
  title: 'Compress responses (gzip / Brotli)',
  why: 'JSON and HTML shrink to a fifth or less; what is not sent needs no congestion window, no transfer time and no bandwidth bill.',
  unless: [
    'The answer fits into the first ten packets of a connection: then it arrives in one round trip either way.',
    'A proxy or CDN in front of the service compresses.',
    'Caller and service share a machine or a rack, and CPU is the scarce resource.',
    'Secrets and attacker-chosen text share the body (BREACH).',
  ],
  sources: [
    'https://developer.chrome.com/docs/lighthouse/performance/uses-text-compression',
    'https://www.rfc-editor.org/rfc/rfc6928',
    'https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding',
  ],
  needs: ['http-probe'],
  optional: ['source', 'host'],
  thresholds: {
    bodyBytes: {
      value: 1_434,
      unit: 'bytes',
      source: 'Lighthouse uses-text-compression, 1.4 KiB: smaller answers fit one packet',
    },
    savedFraction: { value: 0.1, unit: 'fraction', source: 'Lighthouse uses-text-compression, least saving' },
    savedBytes: {
      value: 10_000,
      unit: 'bytes',
      source: 'two thirds of the first window of 14.6 kB (RFC 6928): below, no round trip is saved',
    },
    busyCpuFraction: {
      value: 0.7,
      unit: 'fraction',
      source: 'above it compression at a high level only moves the queue',
    },
  },
  remedy: {
    summary: 'Compress text answers above a threshold, with Brotli 4 or gzip 5, and say so in Vary.',
    library: '@fastify/compress, compression (Express), koa-compress, or the proxy in front',
    example: {
      language: 'ts',
      before: `app.get('/products', () => listProducts())`,
      after: `await app.register(compress, { threshold: 1434, encodings: ['br', 'gzip'] })
app.get('/products', () => listProducts())`,
    },
  },
  detect({ 'http-probe': evidence, source, host }, thresholds) {
    const answers = readAnswers(evidence).filter(({ compressed }) => compressed !== undefined)
    if (answers.length === 0) return notApplicable('no GET route was asked for a compressed answer')
    const busiest = host ? Math.max(0, ...host.samples.map(sample => sample.cpuBusyFraction)) : 0
    const plain = answers
      .flatMap(answer => {
        const saved = savingOf(answer)
        return saved && isWorth(answer, saved, thresholds) ? [{ answer, saved }] : []
      })
      .toSorted((a, b) => b.saved.bytes - a.saved.bytes)
    const found: Finding[] = answers.filter(mayBeMixedUp).map(withoutVary)
    // Compression is switched on once for the service: one cause, told on the route where it saves most.
    const [most, ...others] = plain
    if (most)
      found.unshift(
        uncompressed(
          most.answer,
          most.saved,
          others.map(({ answer }) => answer.route),
          source,
          busiest > thresholds.busyCpuFraction,
        ),
      )
    if (found.length > 0) return findings(found)
    const largest = Math.max(...answers.map(({ compressed }) => compressed!.wireBytes))
    return pass([fact('largest answer on the wire', largest, 'bytes', 'http-probe')])
  },
})

function isWorth(
  { plain }: RouteAnswers,
  saved: Saving,
  limits: { bodyBytes: number; savedFraction: number; savedBytes: number },
): boolean {
  return (
    plain.bodyBytes >= limits.bodyBytes && saved.fraction >= limits.savedFraction && saved.bytes >= limits.savedBytes
  )
}

interface Saving {
  readonly bytes: number
  readonly fraction: number
  readonly compressedBytes: number
}

/** Undefined where it is compressed already, is no text, or must not be changed on the way. */
function savingOf({ compressed }: RouteAnswers): Saving | undefined {
  if (!compressed || compressed.headers['content-encoding'] !== undefined || !isText(compressed)) return undefined
  if (compressed.gzipBytes === undefined || cacheControlOf(compressed).has('no-transform')) return undefined
  const bytes = compressed.bodyBytes - compressed.gzipBytes
  return { bytes, fraction: bytes / Math.max(1, compressed.bodyBytes), compressedBytes: compressed.gzipBytes }
}

function uncompressed(
  { route, authorised }: RouteAnswers,
  saved: Saving,
  others: readonly RouteName[],
  source: SourceEvidence | undefined,
  cpuIsScarce: boolean,
): Finding {
  const bodyBytes = saved.bytes + saved.compressedBytes
  const where = { route }
  return {
    fingerprint: fingerprintOf('response-compression', where),
    practice: 'response-compression',
    title: `${bytesText(bodyBytes)} sent where ${bytesText(saved.compressedBytes)} would do`,
    where,
    facts: [
      fact('body as sent', bodyBytes, 'bytes', 'http-probe'),
      fact('the same under gzip 6', saved.compressedBytes, 'bytes', 'http-probe'),
      fact('saved', saved.fraction, 'fraction', 'http-probe'),
      ...(others.length > 0 ? [fact('further routes sent uncompressed', others.length, 'count', 'http-probe')] : []),
    ],
    confidence: 'measured',
    edit: { kind: 'bytes', route, bytesBefore: bodyBytes, bytesAfter: saved.compressedBytes },
    remedy: {
      summary: 'Compress text answers where the client accepts it.',
      steps: [
        'Register compression once for the whole service, with a threshold of 1.4 KiB; it also sets Vary: Accept-Encoding.',
        `The ${percentText(saved.fraction)} saved are ${msText(saved.bytes / lineBytesPerMs)} on a line of 20 Mbit/s. On loopback nothing gets faster: compressing costs CPU, which is what a local measurement will show.`,
        cpuIsScarce
          ? 'The machine was busy: use gzip level 1, or let the proxy in front compress.'
          : 'Brotli level 4 or gzip level 5: higher levels cost several times the CPU for a few percent.',
        ...(others.length > 0 ? [`It also helps ${others.slice(0, 5).join(', ')}.`] : []),
        ...(authorised
          ? ['This answer is personal: keep secrets and text chosen by others out of one compressed body.']
          : []),
      ],
      code: { language: 'ts', after: codeFor(source, cpuIsScarce ? 1 : 5) },
    },
  }
}

/** Compressed, kept by shared caches, and nothing tells them that the two forms differ. */
function mayBeMixedUp({ compressed, plain, authorised }: RouteAnswers): boolean {
  if (!compressed || compressed.headers['content-encoding'] === undefined || authorised) return false
  const control = cacheControlOf(plain)
  const shared = control.has('public') || control.has('s-maxage')
  return shared && !varyOf(compressed).some(name => name === 'accept-encoding' || name === '*')
}

function withoutVary({ route, compressed }: RouteAnswers): Finding {
  const where = { route, resource: 'Vary' }
  return {
    fingerprint: fingerprintOf('response-compression', where),
    practice: 'response-compression',
    title: 'compressed and publicly cacheable, but without Vary: Accept-Encoding',
    where,
    facts: [fact('compressed answer', compressed!.wireBytes, 'bytes', 'http-probe')],
    confidence: 'strong',
    remedy: {
      summary: 'Send Vary: Accept-Encoding with every answer that may be compressed.',
      steps: ['A shared cache that kept the compressed form gives it to clients that cannot read it.'],
      code: { language: 'http', after: 'Vary: Accept-Encoding' },
    },
  }
}

function codeFor(source: SourceEvidence | undefined, gzipLevel: number): string {
  switch (frameworkOf(source)) {
    case 'fastify':
      return `import compress from '@fastify/compress'

await app.register(compress, { threshold: 1434, encodings: ['br', 'gzip'] })`
    case 'express':
      return `import compression from 'compression'

app.use(compression({ threshold: 1434, level: ${gzipLevel} })) // before the routes`
    case 'koa':
      return `import compress from 'koa-compress'

app.use(compress({ threshold: 1434, gzip: { level: ${gzipLevel} } })) // before the routes`
    case 'hono':
      return `import { compress } from 'hono/compress'

app.use(compress({ threshold: 1434 }))`
    case undefined:
      return `import { createGzip } from 'node:zlib'
import { pipeline } from 'node:stream'

if (/\\bgzip\\b/.test(request.headers['accept-encoding'] ?? '')) {
  response.setHeader('content-encoding', 'gzip')
  response.setHeader('vary', 'accept-encoding')
  pipeline(body, createGzip({ level: ${gzipLevel} }), response, () => {})
}`
  }
}
