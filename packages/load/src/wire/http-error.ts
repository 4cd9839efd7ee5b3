/** Names what a request through node:http, or the WebSocket on top of it, died of. */
import type { SocketState } from './socket-error.ts'
import { socketErrorOf } from './socket-error.ts'
import type { WireErrorKind } from './wire-error.ts'

export function httpErrorKind(error: NodeJS.ErrnoException, state: SocketState): WireErrorKind {
  const code = error.code ?? ''
  if (code === 'HPE_HEADER_OVERFLOW') return 'head-too-large'
  // The reader of HTTP, or of WebSocket frames, or one of their checks that has no code of its own.
  if (code === '' || code.startsWith('HPE_') || code.startsWith('WS_ERR_')) return 'parse-error'
  // Node's own name for a server that closed in good order; a real reset comes from a system call.
  if (state.ready && code === 'ECONNRESET' && error.syscall === undefined) return 'closed-early'
  return socketErrorOf(error, state).kind
}
