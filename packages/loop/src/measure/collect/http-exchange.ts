/** One HTTP request over node:http with the bytes counted on the wire, because fetch hides the encoding and the transferred size. */
import { createHash } from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { HttpAnswer } from '@whetstone/model'
import { failureMessage } from './failure-message.ts'
import { jsonShapeOf } from './json-shape.ts'

/** A larger body is cut off and reported as failed, so that one export cannot fill the memory. */
export const BODY_LIMIT_BYTES = 20_000_000

export interface ExchangeRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

const gzip = promisify(zlib.gzip)
const decoders: Readonly<Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  'x-gzip': promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  deflate: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate),
  br: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
}

/** Never rejects: what went wrong is `failed` in the answer, with everything seen until then. */
export async function exchange(
  url: URL,
  request: ExchangeRequest,
  signal: AbortSignal,
  agent?: http.Agent,
): Promise<HttpAnswer> {
  const started = performance.now()
  const raw = await receive(url, request, signal, agent)
  const durationMs = round(performance.now() - started)
  const known = {
    statusCode: raw.statusCode,
    headers: raw.headers,
    durationMs,
    wireBytes: raw.wireBytes,
  }
  if (raw.failed !== undefined) return { ...known, bodyBytes: 0, bodyHash: '', failed: raw.failed }
  const encoding = raw.headers['content-encoding']?.trim().toLowerCase()
  const decode = encoding === undefined || encoding === 'identity' ? undefined : decoders[encoding]
  if (encoding !== undefined && encoding !== 'identity' && !decode)
    return { ...known, bodyBytes: 0, bodyHash: '', failed: `content-encoding ${encoding} is not understood` }
  try {
    const body =
      decode && raw.body.length > 0 ? await decode(raw.body, { maxOutputLength: BODY_LIMIT_BYTES }) : raw.body
    const contentType = raw.headers['content-type'] ?? ''
    const message = raw.statusCode >= 400 ? failureMessage(body.toString('utf8'), contentType) : undefined
    return { ...known, ...(await describeBody(body, contentType)), ...(message === undefined ? {} : { message }) }
  } catch (error) {
    return { ...known, bodyBytes: 0, bodyHash: '', failed: `body could not be decoded: ${(error as Error).message}` }
  }
}

interface RawAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly wireBytes: number
  readonly body: Buffer
  readonly failed?: string
}

function receive(url: URL, request: ExchangeRequest, signal: AbortSignal, agent?: http.Agent): Promise<RawAnswer> {
  return new Promise(resolve => {
    const chunks: Buffer[] = []
    let wireBytes = 0
    let statusCode = 0
    let headers: Readonly<Record<string, string>> = {}
    const finish = (failed?: string): void =>
      resolve({
        statusCode,
        headers,
        wireBytes,
        body: Buffer.concat(chunks),
        ...(failed === undefined ? {} : { failed }),
      })
    const transport = url.protocol === 'https:' ? https : http
    const outgoing = transport.request(
      url,
      { method: request.method, headers: { ...request.headers }, signal, ...(agent ? { agent } : {}) },
      incoming => {
        statusCode = incoming.statusCode ?? 0
        headers = headerRecord(incoming.headers)
        incoming.on('data', (chunk: Buffer) => {
          wireBytes += chunk.length
          if (wireBytes <= BODY_LIMIT_BYTES) chunks.push(chunk)
          else {
            finish(`the body is over ${BODY_LIMIT_BYTES / 1e6} MB`)
            incoming.destroy()
          }
        })
        incoming.on('end', () => finish())
        incoming.on('error', error => finish(reason(error, signal)))
        incoming.on('close', () => finish('the connection closed before the body ended'))
      },
    )
    outgoing.on('error', error => finish(reason(error, signal)))
    outgoing.end(request.body)
  })
}

function reason(error: Error, signal: AbortSignal): string {
  if (!signal.aborted) return (error as NodeJS.ErrnoException).code ?? error.message
  return (signal.reason as Error | undefined)?.name === 'TimeoutError' ? 'no answer within the time limit' : 'stopped'
}

const SECRET_HEADER = /token|secret|api-?key|authorization/i

/** Cookie values and tokens are masked here already: a detector needs to know only that they were there. */
function headerRecord(headers: http.IncomingHttpHeaders): Record<string, string> {
  const record: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    const values = Array.isArray(value) ? value : [value]
    if (name === 'set-cookie') record[name] = values.map(cookie => cookie.replace(/=[^;]*/, '=***')).join(', ')
    else record[name] = SECRET_HEADER.test(name) ? '***' : values.join(', ')
  }
  return record
}

const TEXT_TYPE = /^text\/|json|xml|javascript|graphql|x-www-form-urlencoded|\bcsv\b|svg/i

async function describeBody(
  body: Buffer,
  contentType: string,
): Promise<Pick<HttpAnswer, 'bodyBytes' | 'bodyHash' | 'gzipBytes' | 'json'>> {
  const bodyHash = createHash('sha256').update(body).digest('hex').slice(0, 16)
  const sized = { bodyBytes: body.length, bodyHash }
  if (body.length === 0 || !TEXT_TYPE.test(contentType)) return sized
  const gzipBytes = (await gzip(body, { level: 6 })).length
  const json = /json/i.test(contentType) ? jsonShapeOf(body.toString('utf8')) : undefined
  return { ...sized, gzipBytes, ...(json ? { json } : {}) }
}

const round = (value: number): number => Math.round(value * 1000) / 1000
