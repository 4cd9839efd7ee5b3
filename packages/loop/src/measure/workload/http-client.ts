/** Single requests with their whole answer, for logging in, listing ids and trying a route before it is put under load. */
import { request as httpRequest } from 'node:http'
import { loadTarget } from '@whetstone/load'
import { type PlannedRequest, WhetstoneError } from '@whetstone/model'

export interface HttpReply {
  readonly status: number
  /** Lower-case names; several `set-cookie` joined by a line break. */
  readonly headers: Readonly<Record<string, string>>
  /** Cut at 16 MB: lists without pages are as long as their table, and their ids are wanted. */
  readonly body: string
  /** No answer: refused, reset, or not in time. */
  readonly failed?: string
}

/** Never rejects. */
export type SendRequest = (request: PlannedRequest) => Promise<HttpReply>

const MAX_BODY_BYTES = 16_000_000

/** Sends to one http origin; throws `WHET_LOAD_HTTPS` for another. Nothing is asked to be compressed, since bodies are not decoded. */
export function requestSender(baseUrl: URL, timeoutMs = 10_000): SendRequest {
  const { host, port, protocol } = loadTarget(baseUrl)
  if (protocol === 'https') {
    throw new WhetstoneError('WHET_LOAD_HTTPS', `a diagnosis speaks http, not https (${baseUrl.origin})`, {
      hint: 'give the address of the service behind the TLS proxy, for example http://127.0.0.1:3000',
    })
  }
  return request =>
    new Promise(resolve => {
      const chunks: Buffer[] = []
      let bytes = 0
      let status = 0
      let headers: Record<string, string> = {}
      const finish = (failed?: string) =>
        resolve({
          status,
          headers,
          body: Buffer.concat(chunks).toString('utf8'),
          ...(failed === undefined ? {} : { failed }),
        })
      const { 'accept-encoding': _compressed, ...plain } = request.headers
      const outgoing = httpRequest(
        {
          host,
          port,
          method: request.method,
          path: request.path,
          headers: {
            ...plain,
            ...(request.body === undefined ? {} : { 'content-length': Buffer.byteLength(request.body) }),
          },
          agent: false,
          signal: AbortSignal.timeout(timeoutMs),
        },
        incoming => {
          status = incoming.statusCode ?? 0
          headers = Object.fromEntries(
            Object.entries(incoming.headers).map(([name, value]) => [
              name,
              Array.isArray(value) ? value.join('\n') : String(value),
            ]),
          )
          const streams = /^text\/event-stream/i.test(headers['content-type'] ?? '')
          incoming.on('data', (chunk: Buffer) => {
            bytes += chunk.length
            chunks.push(chunk)
            if (bytes > MAX_BODY_BYTES) {
              finish()
              incoming.destroy()
            }
          })
          incoming.on('end', () => finish())
          incoming.on('error', error => finish(error.message))
          incoming.on('close', () => finish('the connection closed before the body ended'))
          // It would run into the time limit; that it streams is all there is to know.
          if (streams) {
            finish()
            incoming.destroy()
          }
        },
      )
      outgoing.on('error', error =>
        finish(
          outgoing.destroyed && error.name === 'AbortError' ? `no answer within ${timeoutMs / 1000} s` : error.message,
        ),
      )
      outgoing.end(request.body)
    })
}
