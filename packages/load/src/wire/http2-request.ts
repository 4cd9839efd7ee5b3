/** The header list and body of a request given as HTTP/1.1 text, so that whoever writes requests need not know which protocol carries them. */
import type { OutgoingHttpHeaders } from 'node:http2'
import { WireError } from './wire-error.ts'

export interface Http2Request {
  readonly headers: OutgoingHttpHeaders
  /** Undefined when there is none. */
  readonly body: Buffer | undefined
}

/** Fields that speak about an HTTP/1.1 connection; HTTP/2 forbids them (RFC 9113, 8.2.2). `host` becomes `:authority`. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** Distinct requests kept in their translated form: a mix of fixed requests stays below it, templates pass through. */
const MAX_KEPT = 1_024
/** Longer ones are translated each time, or the kept ones could take a gigabyte. */
const LONGEST_KEPT = 16_384

/** Translates what `encodeRequest` wrote; each distinct text once, as long as they are few. */
export class Http2Requests {
  readonly #scheme: 'http' | 'https'
  readonly #kept = new Map<string, Http2Request>()

  constructor(scheme: 'http' | 'https') {
    this.#scheme = scheme
  }

  /** @param encoded latin1 text: each character is one byte. Throws {@link WireError} `bad-request` for what is no request. */
  of(encoded: string): Http2Request {
    const kept = this.#kept.get(encoded)
    if (kept !== undefined) return kept
    const request = translate(encoded, this.#scheme)
    if (encoded.length <= LONGEST_KEPT) {
      if (this.#kept.size >= MAX_KEPT) this.#kept.clear()
      this.#kept.set(encoded, request)
    }
    return request
  }
}

function translate(encoded: string, scheme: 'http' | 'https'): Http2Request {
  const headEnd = encoded.indexOf('\r\n\r\n')
  const [requestLine = '', ...fields] = encoded.slice(0, headEnd).split('\r\n')
  const parts = requestLine.split(' ')
  if (headEnd === -1 || parts.length !== 3) throw new WireError('bad-request', 'the request is not HTTP/1.1 text')
  const headers: OutgoingHttpHeaders = { ':method': parts[0], ':path': parts[1], ':scheme': scheme }
  for (const field of fields) addField(headers, field)
  const bodyFrom = headEnd + 4
  return { headers, body: bodyFrom === encoded.length ? undefined : Buffer.from(encoded.slice(bodyFrom), 'latin1') }
}

function addField(headers: OutgoingHttpHeaders, field: string): void {
  const colon = field.indexOf(':')
  if (colon < 1) throw new WireError('bad-request', 'a header line of the request has no name')
  const name = field.slice(0, colon).toLowerCase()
  const value = field.slice(colon + 1).trim()
  if (name === 'host') headers[':authority'] = value
  if (CONNECTION_FIELDS.has(name)) return
  // HTTP/2 knows one use of it only.
  if (name === 'te' && value.toLowerCase() !== 'trailers') return
  const before = headers[name]
  if (before === undefined) headers[name] = value
  else headers[name] = Array.isArray(before) ? [...before, value] : [String(before), value]
}
