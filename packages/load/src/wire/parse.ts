/** An incremental HTTP/1.1 response reader that only counts and frames: it copies no body and never trusts the server. */
import { WireError } from './wire-error.ts'
import { fieldIs, listHasToken, parseContentLength, readHexadecimal } from './field.ts'

/** Bounds on what a server may send outside bodies. Node's own client allows 16 KiB; large cookies exist, so four times that. */
export const MAX_HEAD_BYTES = 65_536
/** Interim 1xx responses before the final one; more than this is a server that never answers. */
export const MAX_INTERIM_RESPONSES = 16

const LF = 10
const CR = 13

type State =
  'status' | 'headers' | 'fixed' | 'until-close' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers' | 'complete'

/** One parser belongs to one connection and is reset for every request on it. */
export class ResponseParser {
  /** Status of the final response; 0 before its status line. */
  status = 0
  /** Body bytes on the wire after removing chunk framing (still compressed, if it was). */
  bodyBytes = 0
  /** Whether the connection may carry another request once the response is complete. */
  keepAlive = true
  /** True as soon as one byte of an answer was seen. */
  started = false

  #state: State = 'status'
  #method = 'GET'
  #headBytes = 0
  #interim = 0
  #remaining = 0
  #contentLength = -1
  #chunked = false
  #otherCoding = false
  #framingField = false
  /** The beginning of a line whose end has not arrived. */
  #partial = ''

  /** Prepares for the answer to a request with this method: HEAD has no body whatever the headers say. */
  reset(method: string): void {
    this.#method = method
    this.bodyBytes = 0
    this.started = false
    this.#interim = 0
    this.#partial = ''
    this.#headBytes = 0
    this.#beginHead()
  }

  get complete(): boolean {
    return this.#state === 'complete'
  }

  /**
   * Reads `bytes[from, to)` and returns where it stopped: `to`, or earlier when the response was complete there.
   * Throws {@link WireError} `parse-error`; the connection is of no use after that.
   */
  push(bytes: Buffer, from: number, to: number): number {
    let at = from
    if (at < to) this.started = true
    while (at < to && this.#state !== 'complete') {
      if (this.#state === 'fixed' || this.#state === 'chunk-data') at = this.#skipBody(to, at)
      else if (this.#state === 'until-close') {
        this.bodyBytes += to - at
        at = to
      } else at = this.#readLine(bytes, at, to)
    }
    return at
  }

  /** The server closed its side. Returns normally when that completes the response, throws `closed-early` otherwise. */
  end(): void {
    if (this.#state === 'complete') return
    if (this.#state !== 'until-close') {
      throw new WireError(
        'closed-early',
        this.started ? 'the server closed in the middle of its answer' : 'the server closed without an answer',
      )
    }
    this.#state = 'complete'
  }

  #beginHead(): void {
    this.#state = 'status'
    this.status = 0
    this.keepAlive = true
    this.#contentLength = -1
    this.#chunked = false
    this.#otherCoding = false
    this.#framingField = false
  }

  #skipBody(to: number, at: number): number {
    const taken = Math.min(this.#remaining, to - at)
    this.#remaining -= taken
    this.bodyBytes += taken
    if (this.#remaining === 0) this.#state = this.#state === 'fixed' ? 'complete' : 'chunk-end'
    return at + taken
  }

  #readLine(bytes: Buffer, at: number, to: number): number {
    const newline = bytes.indexOf(LF, at)
    const found = newline !== -1 && newline < to
    const lineEnd = found ? newline : to
    this.#headBytes += found ? lineEnd - at + 1 : to - at
    if (this.#headBytes > MAX_HEAD_BYTES) throw bad(`more than ${MAX_HEAD_BYTES} bytes outside the body`)
    if (!found) {
      this.#partial += latin1(bytes, at, to)
      // A head is the only thing that may span reads without progress, so garbage is refused on its first bytes.
      if (this.#state === 'status' && !'HTTP/1.'.startsWith(this.#partial.slice(0, 7)))
        throw badStatusLine(this.#partial)
      return to
    }
    const contentEnd = lineEnd > at && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd
    if (this.#partial === '') this.#line(latin1(bytes, at, contentEnd))
    else {
      const whole = this.#partial + latin1(bytes, at, contentEnd)
      this.#partial = ''
      // The CR may have come with the previous read.
      this.#line(contentEnd === at && whole.endsWith('\r') && contentEnd === lineEnd ? whole.slice(0, -1) : whole)
    }
    return lineEnd + 1
  }

  #line(line: string): void {
    switch (this.#state) {
      case 'status':
        return this.#statusLine(line)
      case 'headers':
        return line === '' ? this.#endOfHead() : this.#field(line)
      case 'chunk-size':
        return this.#chunkSize(line)
      case 'chunk-end':
        if (line !== '') throw bad('chunk data is longer than its size')
        this.#state = 'chunk-size'
        return
      default:
        // Trailers are counted against the head bound and otherwise ignored.
        if (line === '') this.#state = 'complete'
    }
  }

  #statusLine(line: string): void {
    const minor = line.charCodeAt(7)
    if (!line.startsWith('HTTP/1.') || (minor !== 48 && minor !== 49) || line.charCodeAt(8) !== 32)
      throw badStatusLine(line)
    const status = Number(line.slice(9, 12))
    const after = line.charCodeAt(12)
    if (!/^\d{3}$/.test(line.slice(9, 12)) || status < 100 || status > 599 || (line.length > 12 && after !== 32))
      throw badStatusLine(line)
    this.status = status
    this.keepAlive = minor === 49
    this.#state = 'headers'
  }

  #field(line: string): void {
    const first = line.charCodeAt(0)
    if (first === 32 || first === 9) {
      // A folded line continues the field before it: harmless unless that field decides where the body ends.
      if (this.#framingField) throw bad('a framing header is folded over two lines')
      return
    }
    const colon = line.indexOf(':')
    if (colon < 1) throw bad(`header line without a name: ${excerpt(line)}`)
    this.#framingField = true
    if (fieldIs(line, colon, 'content-length')) this.#takeContentLength(line.slice(colon + 1))
    else if (fieldIs(line, colon, 'transfer-encoding')) this.#takeTransferEncoding(line.slice(colon + 1))
    else if (fieldIs(line, colon, 'connection')) this.#takeConnection(line.slice(colon + 1))
    else this.#framingField = false
  }

  #takeContentLength(value: string): void {
    const length = parseContentLength(value)
    if (length === undefined) throw bad(`content-length is ${excerpt(value.trim())}`)
    if (this.#contentLength !== -1 && this.#contentLength !== length) throw bad('two content-lengths disagree')
    this.#contentLength = length
  }

  #takeTransferEncoding(value: string): void {
    const last = value
      .slice(value.lastIndexOf(',') + 1)
      .trim()
      .toLowerCase()
    // Only a final "chunked" frames the body; any other coding runs until the server closes (RFC 9112, 6.3).
    this.#chunked = last === 'chunked'
    this.#otherCoding = !this.#chunked
  }

  #takeConnection(value: string): void {
    if (listHasToken(value, 'close')) this.keepAlive = false
    else if (listHasToken(value, 'keep-alive')) this.keepAlive = true
  }

  #endOfHead(): void {
    if (this.status === 101) throw bad('the server switched protocols (101)')
    if (this.status < 200) {
      if (++this.#interim > MAX_INTERIM_RESPONSES) throw bad(`more than ${MAX_INTERIM_RESPONSES} interim responses`)
      return this.#beginHead()
    }
    if (this.#method === 'HEAD' || this.status === 204 || this.status === 304) this.#state = 'complete'
    else if (this.#chunked) {
      // Both framings at once is how responses are smuggled: read it as chunked, then drop the connection.
      if (this.#contentLength !== -1) this.keepAlive = false
      this.#state = 'chunk-size'
    } else if (this.#otherCoding || this.#contentLength === -1) {
      this.keepAlive = false
      this.#state = 'until-close'
    } else {
      this.#remaining = this.#contentLength
      this.#state = this.#contentLength === 0 ? 'complete' : 'fixed'
    }
  }

  #chunkSize(line: string): void {
    const size = readHexadecimal(line)
    if (size === undefined) throw bad(`chunk size is ${excerpt(line)}`)
    // Framing of a long stream must not use up the bound meant for heads.
    this.#headBytes = 0
    this.#remaining = size
    this.#state = size === 0 ? 'trailers' : 'chunk-data'
  }
}

function latin1(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to)
}

function bad(message: string): WireError {
  return new WireError('parse-error', message)
}

function badStatusLine(line: string): WireError {
  return bad(`not an HTTP/1.1 answer: ${excerpt(line)}`)
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
