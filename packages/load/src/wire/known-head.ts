/** The head of the last answer, byte for byte: a server that sends the same again need not be read again, for its framing is the same. */

/** Longer heads are read anew; copying them would cost what it saves. */
const LONGEST_KEPT_BYTES = 1024
/** A server that changes each head (a request id) is not asked again after this many misses in a row. */
const GIVE_UP_AFTER = 32

export class KnownHead {
  status = 0
  contentLength = 0
  keepAlive = true
  /** Of the head with its empty line; 0 when none is known. */
  length = 0
  readonly #bytes = Buffer.allocUnsafe(LONGEST_KEPT_BYTES)
  #misses = 0

  /** Whether `bytes[from, to)` is exactly one answer with the known head. HEAD answers have no body whatever their head says. */
  matches(bytes: Buffer, from: number, to: number, method: string): boolean {
    if (this.length === 0 || to - from !== this.length + this.contentLength || method === 'HEAD') return false
    const same = this.#bytes.compare(bytes, from, from + this.length, 0, this.length) === 0
    if (same) this.#misses = 0
    return same
  }

  /** Remembers the head in `bytes[from, end)`, of an answer with a fixed length that came in one read. */
  learn(bytes: Buffer, from: number, end: number, status: number, contentLength: number, keepAlive: boolean): void {
    if (this.#misses > GIVE_UP_AFTER) {
      this.length = 0
      return
    }
    this.#misses++
    if (end - from > LONGEST_KEPT_BYTES) return
    bytes.copy(this.#bytes, 0, from, end)
    this.length = end - from
    this.status = status
    this.contentLength = contentLength
    this.keepAlive = keepAlive
  }
}
