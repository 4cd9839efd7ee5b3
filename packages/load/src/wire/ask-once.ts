/** One request and its whole answer over the wire of the measured requests, so that whatever protocol they speak is spoken here. */
import { performance } from 'node:perf_hooks'
import type { LoadTarget } from '../plan.ts'
import { hostHeader } from '../plan.ts'
import { type EncodableRequest, encodeRequest } from './encode.ts'
import { transportFor } from './transport-for.ts'

interface WholeAnswer {
  readonly status: number
  /** Header lines, without the status line. */
  readonly head: string
  /** The same by name in lower case, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Not decoded, and cut at 16 MB. */
  readonly body: string
  /** More than the body has where it was cut. */
  readonly bodyBytes: number
  readonly keptBytes: number
}

const SWEEP_EVERY_MS = 100

/** Rejects with an error whose message is the kind of failure, `timeout`, or says what of the request cannot be sent. */
export function askOnce(target: LoadTarget, request: EncodableRequest, timeoutMs: number): Promise<WholeAnswer> {
  return new Promise((resolve, reject) => {
    const encoded = encodeRequest(request, hostHeader(target))
    const now = () => performance.now()
    const nowMs = now()
    // One connection a request: a kept one could be closed by the server just then, and would keep the process alive.
    const transport = transportFor(
      { target, maxConnections: 1, requestsPerConnection: 1, timeoutMs, maxWaiting: 1, now },
      {
        onAnswer(_exchange, { status, head, body, bodyBytes }) {
          // What an answer holds is gone once its connection is.
          resolve({
            status,
            head,
            headers: fieldsOf(head),
            body: body.toString('utf8'),
            bodyBytes,
            keptBytes: body.length,
          })
          end()
        },
        onFailure(_exchange, kind) {
          end()
          reject(new Error(kind))
        },
      },
    )
    const sweeping = setInterval(() => transport.sweep(), Math.min(SWEEP_EVERY_MS, timeoutMs))
    const end = () => {
      clearInterval(sweeping)
      transport.close()
    }
    const times = { scheduledMs: nowMs, noticedMs: nowMs, sentMs: NaN }
    transport.submit({ encoded, method: request.method, capture: 'body', retries: 0, ...times })
  })
}

function fieldsOf(head: string): [name: string, value: string][] {
  return head.split('\n').flatMap(line => {
    const colon = line.indexOf(':')
    return colon < 1 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]]
  })
}
