/** What must hold of the response reader, whatever arrives and however it is cut. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fuzzTarget } from '../../testing/fuzz-target.ts'
import type { Capture } from '../parse.ts'
import { ResponseParser } from '../parse.ts'
import { WireError } from '../wire-error.ts'
import { bodyText, pieces, responseCase } from './response-cases.ts'
import type { ResponseCase } from './response-cases.ts'

interface Reading {
  readonly outcome: 'complete' | 'incomplete' | 'error'
  readonly kind?: string
  readonly status?: number
  readonly bodyBytes?: number
  readonly keepAlive?: boolean
  readonly head?: string
  readonly body?: string
  readonly leftBytes?: number
}

/** One answer, on a parser that may have read others before; a server that closes does so after the last piece. */
function read(
  parser: ResponseParser,
  parts: readonly Buffer[],
  { method, closes, capture }: { method: string; closes: boolean; capture: Capture },
): Reading {
  parser.reset(method, capture)
  // As a connection does: all reads land in one buffer, so what is kept must have been copied.
  const shared = Buffer.alloc(Math.max(0, ...parts.map(part => part.length)))
  let leftBytes = 0
  try {
    for (const part of parts) {
      part.copy(shared)
      const stopped = parser.push(shared, 0, part.length)
      assert(stopped >= 0 && stopped <= part.length, 'stops within what it was given')
      if (stopped < part.length) assert(parser.complete, 'leaves bytes only behind a complete answer')
      leftBytes += part.length - stopped
    }
    if (closes) parser.end()
  } catch (error) {
    assert(error instanceof WireError, `only wire errors, not ${String(error)}`)
    return { outcome: 'error', kind: error.kind }
  }
  if (!parser.complete) return { outcome: 'incomplete' }
  const { status, bodyBytes, keepAlive, head } = parser
  return { outcome: 'complete', status, bodyBytes, keepAlive, head, body: parser.body.toString('latin1'), leftBytes }
}

const cuts = fc.oneof(fc.constant([]), fc.array(fc.nat({ max: 4_000 }), { maxLength: 12 }))
const captures = fc.constantFrom<Capture>('none', 'none', 'head', 'body')

function expectedOf({ expected }: ResponseCase, capture: Capture): Reading {
  const { status, body, keepAlive, head } = expected
  return {
    outcome: 'complete',
    status,
    bodyBytes: body.length,
    keepAlive,
    head: capture === 'none' ? '' : head,
    body: capture === 'body' ? body : '',
    leftBytes: 0,
  }
}

const readsWhatWasWritten = fuzzTarget(
  'the response reader reads what was written, on one connection after another answer and in any pieces',
  fc.array(fc.tuple(responseCase, cuts, captures), { minLength: 1, maxLength: 4 }),
  answers => {
    const parser = new ResponseParser()
    for (const [answer, at, capture] of answers) {
      const got = read(parser, pieces(answer.text, at), { ...answer, capture })
      assert.deepEqual(got, expectedOf(answer, capture))
    }
  },
)

/** A valid answer with a few bytes overwritten, taken away, doubled or put in. */
const damaged = fc
  .tuple(
    responseCase,
    fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 3 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
    bodyText,
  )
  .map(([answer, edits, tail]) => {
    let { text } = answer
    for (const [place, edit, byte] of edits) {
      const at = place % (text.length + 1)
      const put = String.fromCharCode(byte)
      if (edit === 0) text = text.slice(0, at) + put + text.slice(at + 1)
      else if (edit === 1) text = text.slice(0, at) + text.slice(at + 1 + (byte % 8))
      else if (edit === 2) text = text.slice(0, at) + text.slice(Math.max(0, at - (byte % 32)), at) + text.slice(at)
      else text = text.slice(0, at) + put + text.slice(at)
    }
    return { ...answer, text: text + (edits.length % 2 === 0 ? tail : '') }
  })

const readsTheSameInPieces = fuzzTarget(
  'the response reader makes the same of damaged answers whole and in pieces, and for a fresh and a used connection',
  fc.tuple(responseCase, damaged, cuts, captures),
  ([before, answer, at, capture]) => {
    const settings = { ...answer, capture }
    const whole = read(new ResponseParser(), pieces(answer.text, []), settings)
    assert.deepEqual(read(new ResponseParser(), pieces(answer.text, at), settings), whole)
    const used = new ResponseParser()
    read(used, pieces(before.text, []), { ...before, capture: 'none' })
    assert.deepEqual(read(used, pieces(answer.text, at), settings), whole)
    // The same bytes once more are what a reader may take a short cut for, also where they answer another method.
    assert.deepEqual(read(used, pieces(answer.text, []), settings), whole)
    const other = { ...settings, method: answer.method === 'HEAD' ? 'GET' : 'HEAD' }
    assert.deepEqual(
      read(used, pieces(answer.text, []), other),
      read(new ResponseParser(), pieces(answer.text, []), other),
    )
  },
)

const survivesAnything = fuzzTarget(
  'the response reader survives any bytes',
  fc.tuple(fc.uint8Array({ maxLength: 300 }), bodyText, cuts, fc.boolean(), captures),
  ([noise, text, at, closes, capture]) => {
    const beginnings = ['', 'HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n']
    for (const beginning of beginnings) {
      const all = beginning + Buffer.from(noise).toString('latin1') + text
      read(new ResponseParser(), pieces(all, at), { method: 'GET', closes, capture })
    }
  },
)

export const responseTargets = [readsWhatWasWritten, readsTheSameInPieces, survivesAnything]
