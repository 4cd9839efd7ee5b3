/** The protocol of Redis, as far as asking a server about itself needs it: RESP2, `redis.io/docs/reference/protocol-spec`. */

export type Reply = string | number | null | ReplyError | readonly Reply[]
export class ReplyError extends Error {}

/** A server that sends more than this as one answer to our questions is not the server we mean. */
const longestReplyBytes = 16 * 1_048_576
const deepestReply = 8

export function encoded(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

/** Takes bytes as they come and gives whole replies. */
export class ReplyReader {
  #bytes: Buffer = Buffer.alloc(0)

  /** @throws Error for what is not the protocol, or too long */
  add(chunk: Buffer): Reply[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const replies: Reply[] = []
    for (;;) {
      const read = readReply(this.#bytes, 0, 0)
      if (read === undefined) break
      replies.push(read.reply)
      this.#bytes = this.#bytes.subarray(read.end)
    }
    if (this.#bytes.length > longestReplyBytes) throw new Error('an answer is too long')
    return replies
  }
}

interface Read {
  readonly reply: Reply
  readonly end: number
}

/** Undefined while not all of it is there. */
function readReply(bytes: Buffer, start: number, depth: number): Read | undefined {
  const lineEnd = bytes.indexOf('\r\n', start, 'latin1')
  if (lineEnd === -1) return undefined
  const line = bytes.toString('utf8', start + 1, lineEnd)
  const end = lineEnd + 2
  switch (String.fromCharCode(bytes[start]!)) {
    case '+':
      return { reply: line, end }
    case '-':
      return { reply: new ReplyError(line), end }
    case ':':
      return { reply: Number(line), end }
    case '$':
      return readText(bytes, end, Number(line))
    case '*':
      return readList(bytes, end, Number(line), depth)
  }
  throw new Error('it does not speak the protocol of Redis')
}

function readText(bytes: Buffer, start: number, length: number): Read | undefined {
  if (length === -1) return { reply: null, end: start }
  if (!(length >= 0 && length <= longestReplyBytes)) throw new Error('an answer is too long')
  const end = start + length
  return bytes.length < end + 2 ? undefined : { reply: bytes.toString('utf8', start, end), end: end + 2 }
}

function readList(bytes: Buffer, start: number, length: number, depth: number): Read | undefined {
  if (length === -1) return { reply: null, end: start }
  if (depth >= deepestReply || !(length <= longestReplyBytes)) throw new Error('an answer is too long')
  const items: Reply[] = []
  let end = start
  while (items.length < length) {
    const read = readReply(bytes, end, depth + 1)
    if (read === undefined) return undefined
    items.push(read.reply)
    end = read.end
  }
  return { reply: items, end }
}
