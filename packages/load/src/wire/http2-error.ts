/** Names what an HTTP/2 stream or session died of, by the codes of RFC 9113 (section 7) and of Node. */
import { constants } from 'node:http2'
import { socketErrorOf } from './socket-error.ts'
import { WireError } from './wire-error.ts'

/** Only a peer that breaks the protocol, or believes that we do, sends one of these. */
const PROTOCOL_ERRORS: ReadonlySet<number> = new Set([
  constants.NGHTTP2_PROTOCOL_ERROR,
  constants.NGHTTP2_FLOW_CONTROL_ERROR,
  constants.NGHTTP2_FRAME_SIZE_ERROR,
  constants.NGHTTP2_COMPRESSION_ERROR,
  constants.NGHTTP2_STREAM_CLOSED,
])

/** A stream that ended with this code, before its answer was complete. */
export function streamErrorOf(code: number): WireError {
  if (code === constants.NGHTTP2_REFUSED_STREAM) {
    return new WireError('stream-refused', 'the server refused the stream before working on it')
  }
  if (PROTOCOL_ERRORS.has(code)) return new WireError('parse-error', `the stream broke the protocol (code ${code})`)
  return new WireError('reset', `the stream was reset (code ${code})`)
}

/** A session that failed; without an error its server closed the connection in good order. */
export function sessionErrorOf(error: Error | undefined, ready: boolean, encrypted: boolean): WireError {
  if (error === undefined) return new WireError('closed-early', 'the server closed the connection')
  if (error instanceof WireError) return error
  const code = (error as NodeJS.ErrnoException).code ?? ''
  // The peer's GOAWAY with an error code; its own words, not a fault in the bytes.
  if (code === 'ERR_HTTP2_SESSION_ERROR') return new WireError('reset', error.message, { cause: error })
  if (code.startsWith('ERR_HTTP2_')) return new WireError('parse-error', error.message, { cause: error })
  return socketErrorOf(error, { ready, encrypted })
}
