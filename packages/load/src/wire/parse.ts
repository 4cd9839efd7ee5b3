/** An incremental HTTP/1.1 response reader that counts and frames, copies only what is asked for, and never trusts the server. */
import { WireError } from './wire-error.ts'
import { KnownHead } from './known-head.ts'
import { fieldIs, listHasToken, parseContentLength, readHexadecimal } from './field.ts'

/** Bounds on what a server may send outside bodies. Node's own client allows 16 KiB; large cookies exist, so four times that. */
export const MAX_HEAD_BYTES = 65_536
/** Interim 1xx responses before the final one; more than this is a server that never answers. */
export const MAX_INTERIM_RESPONSES = 16
/** Of a captured body; what comes after is counted and not kept. */
export const MAX_CAPTURED_BYTES = 16 * 1024 * 1024

const NOTHING = Buffer.alloc(0)

const LF = 10
const CR = 13

export type Capture = 'none' | 'head' | 'body'

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
  /** Header lines of the final response, each ended by a line feed; empty unless captured. */
  head = ''

  #capture: Capture = 'none'
  #pieces: Buffer[] = []
  #capturedBytes = 0
  readonly #known = new KnownHead()
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
  /** Where the head began in the bytes being read; -1 when it came in several reads. */
  #headFrom = -1

  /** Prepares for the answer to a request with this method: HEAD has no body whatever the headers say. */
  reset(method: string, capture: Capture = 'none'): void {
    this.#method = method
    this.#capture = capture
    if (this.#pieces.length > 0) this.#pieces = []
    this.#capturedBytes = 0
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

  /** What was captured of the body: without its chunk framing, still compressed if it was. Valid until the next bytes are read. */
  get body(): Buffer {
    return this.#pieces.length === 0
      ? NOTHING
      : this.#pieces.length === 1
        ? this.#pieces[0]!
        : Buffer.concat(this.#pieces)
  }

  /**
   * Reads `bytes[from, to)` and returns where it stopped: `to`, or earlier when the response was complete there.
   * Throws {@link WireError} `parse-error`; the connection is of no use after that.
   */
  push(bytes: Buffer, from: number, to: number): number {
    let at = from
    if (!this.started && at < to) {
      this.started = true
      if (this.#capture === 'none' && this.#known.matches(bytes, from, to, this.#method)) return this.#takeKnown(from)
      this.#headFrom = from
    }
    while (at < to && this.#state !== 'complete') {
      if (this.#state === 'fixed' || this.#state === 'chunk-data') at = this.#takeBody(bytes, at, to)
      else if (this.#state === 'until-close') {
        this.bodyBytes += to - at
        this.#keep(bytes, at, to)
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
    if (this.head !== '') this.head = ''
  }

  #takeBody(bytes: Buffer, at: number, to: number): number {
    const taken = Math.min(this.#remaining, to - at)
    this.#remaining -= taken
    this.bodyBytes += taken
    this.#keep(bytes, at, at + taken)
    if (this.#remaining === 0) this.#state = this.#state === 'fixed' ? 'complete' : 'chunk-end'
    return at + taken
  }

  /** Copies, for the bytes lie in a buffer that the next read overwrites. */
  #keep(bytes: Buffer, from: number, to: number): void {
    if (this.#capture !== 'body') return
    const room = MAX_CAPTURED_BYTES - this.#capturedBytes
    if (room <= 0) return
    const piece = Buffer.from(bytes.subarray(from, Math.min(to, from + room)))
    this.#capturedBytes += piece.length
    this.#pieces.push(piece)
  }

  #takeKnown(from: number): number {
    const { status, contentLength, keepAlive, length } = this.#known
    this.status = status
    this.keepAlive = keepAlive
    this.bodyBytes = contentLength
    this.#state = 'complete'
    return from + length + contentLength
  }

  #readLine(bytes: Buffer, at: number, to: number): number {
    const newline = bytes.indexOf(LF, at)
    const found = newline !== -1 && newline < to
    const lineEnd = found ? newline : to
    this.#headBytes += found ? lineEnd - at + 1 : to - at
    if (this.#headBytes > MAX_HEAD_BYTES) {
      const kind = this.#state === 'headers' || this.#state === 'status' ? 'head-too-large' : 'parse-error'
      throw new WireError(kind, `more than ${MAX_HEAD_BYTES} bytes outside the body`)
    }
    if (!found) {
      this.#partial += latin1(bytes, at, to)
      this.#headFrom = -1
      // A head is the only thing that may span reads without progress, so garbage is refused on its first bytes.
      if (this.#state === 'status' && !'HTTP/1.'.startsWith(this.#partial.slice(0, 7)))
        throw badStatusLine(this.#partial)
      return to
    }
    const contentEnd = lineEnd > at && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd
    if (this.#partial === '') this.#line(latin1(bytes, at, contentEnd), lineEnd + 1, bytes)
    else {
      const whole = this.#partial + latin1(bytes, at, contentEnd)
      this.#partial = ''
      // The CR may have come with the previous read.
      const line = contentEnd === at && whole.endsWith('\r') && contentEnd === lineEnd ? whole.slice(0, -1) : whole
      this.#line(line, lineEnd + 1, bytes)
    }
    return lineEnd + 1
  }

  #line(line: string, headEnd: number, bytes: Buffer): void {
    switch (this.#state) {
      case 'status':
        return this.#statusLine(line)
      case 'headers':
        return line === '' ? this.#endOfHead(bytes, headEnd) : this.#field(line)
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
    if (this.#capture !== 'none') this.head += `${line}\n`
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

  #endOfHead(bytes: Buffer, headEnd: number): void {
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
      if (this.#headFrom !== -1 && this.#interim === 0)
        this.#known.learn(bytes, this.#headFrom, headEnd, this.status, this.#contentLength, this.keepAlive)
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
