/** HTTP/2 written frame by frame, for servers that say what no well-behaved one would (RFC 9113, section 4.1). */
import type { Socket } from 'node:net'

export const frameType = { data: 0, headers: 1, reset: 3, settings: 4, goaway: 7 } as const
export const END_STREAM = 1
const END_HEADERS = 4

const PREFACE_BYTES = 24

export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = Buffer.from(payload as string, 'latin1')
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

/** `:status: 200` is the eighth entry of the static table; further fields are HPACK text of the caller. */
export const ok = (stream: number, fields = '', flags = 0): Buffer =>
  frame(frameType.headers, END_HEADERS | flags, stream, `\x88${fields}`)

/** A field that is neither in a table nor to be put into one (RFC 7541, 6.2.2); both shorter than 127 bytes. */
export const field = (name: string, value: string): string =>
  `\0${String.fromCharCode(name.length)}${name}${String.fromCharCode(value.length)}${value}`

export function code(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** Answers the preface, then calls back for each request with its stream. */
export function speakHttp2(socket: Socket, onRequest: (stream: number) => void): void {
  let unread = Buffer.alloc(0)
  let greeted = false
  socket.write(frame(frameType.settings, 0, 0))
  socket.on('data', bytes => {
    unread = Buffer.concat([unread, bytes])
    if (!greeted && unread.length >= PREFACE_BYTES) {
      greeted = true
      unread = unread.subarray(PREFACE_BYTES)
    }
    while (greeted && unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
      const end = 9 + unread.readUIntBE(0, 3)
      const type = unread.readUInt8(3)
      const stream = unread.readUInt32BE(5)
      const acknowledged = unread.readUInt8(4) === 1
      unread = unread.subarray(end)
      if (type === frameType.headers) onRequest(stream)
      if (type === frameType.settings && !acknowledged) socket.write(frame(frameType.settings, 1, 0))
    }
  })
}
