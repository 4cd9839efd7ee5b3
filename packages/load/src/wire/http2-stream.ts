/** One exchange on one HTTP/2 stream: counts its answer, keeps of it what was asked for, and reports its end once. */
import { constants } from 'node:http2'
import type { ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2'
import { streamErrorOf } from './http2-error.ts'
import { MAX_CAPTURED_BYTES } from './parse.ts'
import type { Exchange, WireAnswer } from './transport.ts'
import { WireError } from './wire-error.ts'

export interface Http2StreamEvents<E extends Exchange> {
  onHeard(): void
  onAnswer(exchange: E, answer: WireAnswer): void
  onFailure(exchange: E, error: WireError): void
  /** The stream no longer counts against the server's limit. */
  onClose(): void
}

export class Http2Stream<E extends Exchange> implements WireAnswer {
  status = 0
  bodyBytes = 0
  head = ''
  /** The exchange forgets it once it was reported. */
  readonly sentMs: number
  readonly #stream: ClientHttp2Stream
  readonly #events: Http2StreamEvents<E>
  /** Undefined once it was reported. */
  #exchange: E | undefined
  #declaredBytes: number | undefined
  #pieces: Buffer[] = []
  #capturedBytes = 0

  constructor(stream: ClientHttp2Stream, exchange: E, events: Http2StreamEvents<E>) {
    this.#stream = stream
    this.#events = events
    this.#exchange = exchange
    this.sentMs = exchange.sentMs
    stream.on('response', (headers, _flags, ...raw: unknown[]) => this.#respond(headers, raw[0] as string[]))
    stream.on('data', (chunk: Buffer) => this.#take(chunk))
    stream.on('end', () => this.#complete())
    // What it says is in the code of the stream, which is read when it closes.
    stream.on('error', () => undefined)
    stream.on('close', () => events.onClose())
  }

  get id(): number {
    return this.#stream.id ?? Infinity
  }

  get body(): Buffer {
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces)
  }

  /** Reports what the stream itself says of its end, if nothing was reported yet. */
  fail(error: WireError = streamErrorOf(this.#stream.rstCode ?? 0)): void {
    const exchange = this.forget()
    if (exchange !== undefined) this.#events.onFailure(exchange, error)
  }

  expire(): void {
    this.fail(new WireError('timeout', 'no answer in time'))
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  /** Reports nothing any more. Returns what was not reported. */
  forget(): E | undefined {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.#pieces = []
    return exchange
  }

  #respond(headers: IncomingHttpHeaders & IncomingHttpStatusHeader, raw: readonly string[]): void {
    this.#events.onHeard()
    this.status = headers[':status'] ?? 0
    if (!(this.status >= 200 && this.status <= 599)) {
      return this.fail(new WireError('parse-error', `a status of ${this.status}`))
    }
    const declared = headers['content-length']
    if (declared !== undefined && this.#exchange?.method !== 'HEAD' && this.status !== 304)
      this.#declaredBytes = Number(declared)
    if (this.#exchange !== undefined && this.#exchange.capture !== 'none') this.head = headLines(raw)
  }

  #take(chunk: Buffer): void {
    this.#events.onHeard()
    this.bodyBytes += chunk.length
    if (this.#exchange?.capture !== 'body') return
    const room = MAX_CAPTURED_BYTES - this.#capturedBytes
    if (room <= 0) return
    const piece = chunk.length > room ? chunk.subarray(0, room) : chunk
    this.#capturedBytes += piece.length
    this.#pieces.push(piece)
  }

  /** Node ends a stream that was reset as it ends a complete one; the reset itself follows as its close. */
  #complete(): void {
    const exchange = this.#exchange
    if (exchange === undefined || this.status === 0 || (this.#stream.rstCode ?? 0) !== 0) return
    if (this.#declaredBytes !== undefined && this.#declaredBytes !== this.bodyBytes) {
      return this.fail(new WireError('closed-early', `${this.bodyBytes} of ${this.#declaredBytes} bytes came`))
    }
    this.#events.onHeard()
    this.#exchange = undefined
    this.#events.onAnswer(exchange, this)
    this.#pieces = []
    // Answered before it had read the whole request: the rest would only keep the stream open.
    if (!this.#stream.writableFinished && !this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_CANCEL)
  }
}

function headLines(raw: readonly string[]): string {
  let lines = ''
  for (let at = 0; at < raw.length; at += 2) if (!raw[at]!.startsWith(':')) lines += `${raw[at]}: ${raw[at + 1]}\n`
  return lines
}
