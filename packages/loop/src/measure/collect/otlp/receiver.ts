/** An OTLP/HTTP endpoint on loopback, so that a service in any language can show its requests with nothing but an environment variable. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { exitCodes, WhetstoneError, type StatementsEvidence, type TracesEvidence } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import { TraceAssembler, type AssemblerOptions } from './assemble.ts'
import { decodeJson, decodeProtobuf, type OtlpSpan } from '@whetstone/load/import'
import { TraceTally } from './tally.ts'

export interface OtlpReceiverOptions extends AssemblerOptions {
  /** 0 for any free one; 4318 is the port every exporter tries by itself. */
  readonly port: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Seed of the sample of traces. Default 1. */
  readonly seed?: number
}

export interface OtlpReceiver {
  readonly port: number
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string
  /** Requests assembled so far. */
  readonly requests: number
  /** Forgets everything so far: warm-up is over. */
  reset(): void
  /** Resolves when no export came for `quietMs`, or after `timeoutMs`. Exporters batch for up to 5 s. */
  quiet(quietMs: number, timeoutMs: number, signal?: AbortSignal): Promise<void>
  /** Everything until now; traces that are still open are closed as they are. */
  evidence(): { readonly traces: TracesEvidence; readonly statements: StatementsEvidence }
  close(): Promise<void>
}

/** An export of the SDKs is at most 512 spans; this is hundreds of times more. */
const BODY_LIMIT_BYTES = 32_000_000
const RELEASE_INTERVAL_MS = 500
const gunzip = promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip)

export async function startOtlpReceiver(options: OtlpReceiverOptions): Promise<OtlpReceiver> {
  const assembler = new TraceAssembler(options)
  const newTally = (): TraceTally => new TraceTally({ random: seededRandom(options.seed ?? 1) })
  let tally = newTally()
  let lastExportAtMs = performance.now()
  const accept = (spans: readonly OtlpSpan[]): void => {
    lastExportAtMs = performance.now()
    tally.add(assembler.add(spans, lastExportAtMs))
  }
  const server = http.createServer((request, response) => {
    answer(request, accept).then(
      ({ status, contentType }) =>
        response.writeHead(status, { 'content-type': contentType }).end(contentType === 'application/json' ? '{}' : ''),
      () => response.destroy(),
    )
  })
  const { port } = await listen(server, options.host ?? '127.0.0.1', options.port)
  const timer = setInterval(() => tally.add(assembler.take(performance.now())), RELEASE_INTERVAL_MS)
  timer.unref()
  return {
    port,
    endpoint: `http://${options.host ?? '127.0.0.1'}:${port}`,
    get requests() {
      return tally.requests
    },
    reset() {
      assembler.clear()
      tally = newTally()
    },
    async quiet(quietMs, timeoutMs, signal) {
      const startedAtMs = performance.now()
      // Only exports after the call count as news: an idle receiver must still give a batching exporter its time.
      for (;;) {
        const nowMs = performance.now()
        const leftMs = Math.min(
          Math.max(lastExportAtMs, startedAtMs) + quietMs - nowMs,
          startedAtMs + timeoutMs - nowMs,
        )
        if (leftMs <= 0 || signal?.aborted) return
        await new Promise<void>(resolve => {
          const wake = setTimeout(done, leftMs)
          function done(): void {
            clearTimeout(wake)
            signal?.removeEventListener('abort', done)
            resolve()
          }
          signal?.addEventListener('abort', done)
        })
      }
    },
    evidence() {
      tally.add(assembler.takeAll())
      return tally.evidence()
    },
    async close() {
      clearInterval(timer)
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

type ContentType = 'application/json' | 'application/x-protobuf'

async function answer(
  request: http.IncomingMessage,
  accept: (spans: readonly OtlpSpan[]) => void,
): Promise<{ status: number; contentType: ContentType }> {
  const isJson = request.headers['content-type']?.includes('json') === true
  const contentType: ContentType = isJson ? 'application/json' : 'application/x-protobuf'
  const status = (code: number): { status: number; contentType: ContentType } => ({ status: code, contentType })
  const body = await readBody(request)
  if (request.method !== 'POST') return status(405)
  // Metrics and logs are welcome and not read; refusing them would fill the service's log with export errors.
  if (request.url === '/v1/metrics' || request.url === '/v1/logs') return status(200)
  if (request.url !== '/v1/traces') return status(404)
  if (!body) return status(413)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'gzip' && encoding !== 'identity') return status(415)
  try {
    const plain = encoding === 'gzip' ? await gunzip(body, { maxOutputLength: BODY_LIMIT_BYTES }) : body
    accept(isJson ? decodeJson(plain.toString('utf8')) : decodeProtobuf(plain))
    return status(200)
  } catch {
    return status(400)
  }
}

/** `undefined` when the body is over the limit; the rest of it is read away so that the answer can be sent. */
async function readBody(request: http.IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= BODY_LIMIT_BYTES) chunks.push(chunk)
    else chunks.length = 0
  }
  return bytes <= BODY_LIMIT_BYTES ? Buffer.concat(chunks) : undefined
}

function listen(server: http.Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new WhetstoneError(
          'WHET_OTLP_PORT',
          `cannot listen for traces on ${host}:${port}: ${error.code ?? error.message}`,
          {
            hint: 'Choose another port: --otlp :4319, and set OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4319',
            cause: error,
            exitCode: exitCodes.usage,
          },
        ),
      )
    })
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })
}
