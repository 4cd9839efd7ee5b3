/** Turns a request into the exact bytes on the wire, once, before the run; sending is then one string write. */
import { WireError } from './wire-error.ts'

export interface EncodableRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
// Visible ASCII and the bytes above it; a space or control character would end the request line early.
const TARGET = /^[\x21-\x7e\x80-\xff]+$/
// oxlint-disable-next-line no-control-regex -- header values may hold anything but NUL, CR and LF
const FIELD_BREAK = /[\0\r\n]/

/**
 * An HTTP/1.1 request as a latin1 string (each character is one byte), with `host` and `content-length` filled in.
 * Throws {@link WireError} `bad-request` when a part could break the framing.
 */
export function encodeRequest(request: EncodableRequest, host: string): string {
  if (!TOKEN.test(request.method)) throw new WireError('bad-request', `method ${quote(request.method)} is not a token`)
  const path = utf8AsLatin1(request.path)
  if (!TARGET.test(path))
    throw new WireError('bad-request', `path ${quote(request.path)} holds a space or control character`)
  const lines = [`${request.method} ${path} HTTP/1.1`]
  const given = new Set<string>()
  for (const [name, value] of Object.entries(request.headers)) {
    if (!TOKEN.test(name)) throw new WireError('bad-request', `header name ${quote(name)} is not a token`)
    if (FIELD_BREAK.test(value)) throw new WireError('bad-request', `header ${name} holds a line break`)
    const lower = name.toLowerCase()
    // The framing is ours: a caller's content-length or transfer-encoding could disagree with the body we write.
    if (lower === 'content-length' || lower === 'transfer-encoding') continue
    given.add(lower)
    lines.push(`${name}: ${utf8AsLatin1(value)}`)
  }
  if (!given.has('host')) lines.splice(1, 0, `Host: ${host}`)
  const body = request.body === undefined ? '' : utf8AsLatin1(request.body)
  if (request.body !== undefined) lines.push(`Content-Length: ${body.length}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

function utf8AsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
