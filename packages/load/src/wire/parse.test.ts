/** The response reader on every framing, on every split, and on garbage. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_HEAD_BYTES, MAX_INTERIM_RESPONSES, ResponseParser } from './parse.ts'
import { WireError } from './wire-error.ts'

interface Reading {
  readonly status: number
  readonly bodyBytes: number
  readonly keepAlive: boolean
  readonly complete: boolean
  /** Bytes after the response. */
  readonly left: number
}

/** Feeds the pieces in turn; `closed` says that the server then closed its side. */
function read(pieces: readonly Buffer[], method = 'GET', closed = false): Reading | string {
  const parser = new ResponseParser()
  parser.reset(method)
  let left = 0
  try {
    for (const piece of pieces) left += piece.length - parser.push(piece, 0, piece.length)
    if (closed) parser.end()
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return error.kind
  }
  return {
    status: parser.status,
    bodyBytes: parser.bodyBytes,
    keepAlive: parser.keepAlive,
    complete: parser.complete,
    left,
  }
}

const bytes = (text: string) => Buffer.from(text, 'latin1')
const whole = (status: number, bodyBytes: number, keepAlive = true) => ({
  status,
  bodyBytes,
  keepAlive,
  complete: true,
  left: 0,
})

describe('ResponseParser', () => {
  it.each<[string, string, string, boolean, Reading]>([
    ['content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'GET', false, whole(200, 5)],
    ['an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 'GET', false, whole(200, 0)],
    ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length:2\r\n\r\nhi', 'GET', false, whole(200, 2)],
    ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nhi', 'GET', false, whole(200, 2)],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n',
      'GET',
      false,
      whole(200, 13),
    ],
    [
      'chunk extensions and trailers',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n3;a="b"\r\nabc\r\n0;last\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n',
      'GET',
      false,
      whole(200, 3),
    ],
    ['HEAD with a content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n', 'HEAD', false, whole(200, 0)],
    [
      'HEAD with chunks announced',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'HEAD',
      false,
      whole(200, 0),
    ],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'GET', false, whole(204, 0)],
    [
      '304 with a content-length',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n',
      'GET',
      false,
      whole(304, 0),
    ],
    [
      '1xx before the answer',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi',
      'GET',
      false,
      whole(200, 2),
    ],
    ['a body until the server closes', 'HTTP/1.1 200 OK\r\n\r\nhello world', 'GET', true, whole(200, 11, false)],
    [
      'another coding until the server closes',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nxyz',
      'GET',
      true,
      whole(200, 3, false),
    ],
    [
      'connection: close',
      'HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 0\r\n\r\n',
      'GET',
      false,
      whole(200, 0, false),
    ],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', 'GET', false, whole(200, 1, false)],
    [
      'HTTP/1.0 with keep-alive',
      'HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx',
      'GET',
      false,
      whole(200, 1),
    ],
    [
      'the same length twice',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1, 1\r\n\r\nx',
      'GET',
      false,
      whole(200, 1),
    ],
    [
      'chunks beside a length, as chunks, and closes',
      'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'GET',
      false,
      whole(200, 0, false),
    ],
    [
      'a folded header that frames nothing',
      'HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\nContent-Length: 0\r\n\r\n',
      'GET',
      false,
      whole(200, 0),
    ],
    [
      'bytes after the answer',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP',
      'GET',
      false,
      { ...whole(200, 1), left: 4 },
    ],
    [
      'an answer that is not all there',
      'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc',
      'GET',
      false,
      { ...whole(200, 3), complete: false },
    ],
  ])('reads %s, whole and byte by byte', (_name, text, method, closed, expected) => {
    expect(read([bytes(text)], method, closed)).toEqual(expected)
    expect(read(singly(text), method, closed)).toEqual(expected)
  })

  it.each<[string, string, boolean, string]>([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', false, 'parse-error'],
    ['garbage without a line end', '\0\x01\x02\x03', false, 'parse-error'],
    ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n', false, 'parse-error'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', false, 'parse-error'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', false, 'parse-error'],
    ['a status out of range', 'HTTP/1.1 700 What\r\n\r\n', false, 'parse-error'],
    ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', false, 'parse-error'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', false, 'parse-error'],
    ['a header without a name', 'HTTP/1.1 200 OK\r\n: x\r\n\r\n', false, 'parse-error'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', false, 'parse-error'],
    ['a length in hexadecimal', 'HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n', false, 'parse-error'],
    ['a length beyond 2^53', 'HTTP/1.1 200 OK\r\nContent-Length: 9007199254740993\r\n\r\n', false, 'parse-error'],
    [
      'two lengths that differ',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      false,
      'parse-error',
    ],
    ['a folded content-length', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\n', false, 'parse-error'],
    ['a chunk size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', false, 'parse-error'],
    [
      'a chunk size beyond reason',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n',
      false,
      'parse-error',
    ],
    [
      'a chunk longer than it says',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n',
      false,
      'parse-error',
    ],
    ['a close before any byte', '', true, 'closed-early'],
    ['a close in the head', 'HTTP/1.1 200 O', true, 'closed-early'],
    ['a close in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', true, 'closed-early'],
    ['a close between chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n', true, 'closed-early'],
  ])('refuses %s', (_name, text, closed, kind) => {
    expect(read([bytes(text)], 'GET', closed)).toBe(kind)
    expect(read(singly(text), 'GET', closed)).toBe(kind)
  })

  it('refuses a head without end, in one line or many', () => {
    expect(read([bytes(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(MAX_HEAD_BYTES)}`)])).toBe('head-too-large')
    expect(read([bytes(`HTTP/1.1 200 OK\r\n${'X: a\r\n'.repeat(MAX_HEAD_BYTES / 5)}`)])).toBe('head-too-large')
  })

  it('refuses trailers without end and a chunk extension without end', () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(read([bytes(`${head}0\r\n${'X: a\r\n'.repeat(MAX_HEAD_BYTES / 5)}`)])).toBe('parse-error')
    expect(read([bytes(`${head}1;${'x'.repeat(MAX_HEAD_BYTES)}`)])).toBe('parse-error')
  })

  it('refuses interim answers without end', () => {
    const interim = 'HTTP/1.1 102 Processing\r\n\r\n'
    expect(read([bytes(interim.repeat(MAX_INTERIM_RESPONSES))])).toMatchObject({ complete: false })
    expect(read([bytes(interim.repeat(MAX_INTERIM_RESPONSES + 1))])).toBe('parse-error')
  })

  it('is as new after a reset', () => {
    const parser = new ResponseParser()
    for (const [text, size] of [
      ['HTTP/1.0 500 No\r\nContent-Length: 3\r\n\r\nabc', 3],
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 0],
      ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', 1],
    ] as const) {
      parser.reset('GET')
      parser.push(bytes(text), 0, text.length)
      expect(parser.complete).toBe(true)
      expect(parser.bodyBytes).toBe(size)
    }
    expect(parser.keepAlive).toBe(true)
  })

  it('gives the same reading however the bytes are split', () => {
    fc.assert(
      fc.property(
        responses,
        fc.array(fc.nat()),
        fc.constantFrom('GET', 'HEAD'),
        fc.boolean(),
        (text, cuts, method, closed) => {
          expect(read(split(bytes(text), cuts), method, closed)).toEqual(read([bytes(text)], method, closed))
        },
      ),
      { numRuns: 10_000 },
    )
  })

  it('meets random bytes with a reading or a typed error, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat()), fc.boolean(), (noise, cuts, closed) => {
        read(split(Buffer.from(noise), cuts), 'GET', closed)
      }),
      { numRuns: 5_000 },
    )
  })

  it('meets spoilt answers the same way', () => {
    fc.assert(
      fc.property(responses, fc.nat(), fc.nat(255), fc.array(fc.nat()), (text, at, byte, cuts) => {
        const spoilt = bytes(text)
        if (spoilt.length > 0) spoilt[at % spoilt.length] = byte
        expect(read(split(spoilt, cuts), 'GET', true)).toEqual(read([spoilt], 'GET', true))
      }),
      { numRuns: 10_000 },
    )
  })
})

/** Answers put together from parts that are mostly right, so that runs get past the first line. */
const responses = fc
  .tuple(
    fc.constantFrom('', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'),
    fc.constantFrom(
      'HTTP/1.1 200 OK',
      'HTTP/1.0 404 Not Found',
      'HTTP/1.1 204 No Content',
      'HTTP/1.1 304',
      'HTTP/1.1 abc',
      'HTTP/1.1 503 Busy',
    ),
    fc.array(
      fc.constantFrom(
        'Content-Length: 4',
        'content-length: 0',
        'Transfer-Encoding: chunked',
        'Connection: close',
        'Connection: keep-alive',
        'X-A: b',
        ' folded',
        'Set-Cookie: a=b; Path=/',
        'broken',
      ),
      { maxLength: 4 },
    ),
    fc.constantFrom('\r\n', '\n'),
    fc.constantFrom(
      '',
      'abcd',
      '2\r\nab\r\n0\r\n\r\n',
      '3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nTrailer: 1\r\n\r\n',
      '4\r\nabcd',
      'zz\r\n',
    ),
    fc.constantFrom('', 'left over'),
  )
  .map(
    ([interim, status, headers, end, body, rest]) =>
      `${interim}${[status, ...headers, '', ''].join(end)}${body}${rest}`,
  )

function split(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map(cut => cut % (whole.length + 1)))].sort((a, b) => a - b)
  return [...places, whole.length].map((end, index) => whole.subarray(index === 0 ? 0 : places[index - 1], end))
}

function singly(text: string): Buffer[] {
  return [...bytes(text)].map(byte => Buffer.from([byte]))
}
