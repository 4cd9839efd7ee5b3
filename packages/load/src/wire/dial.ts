/** Opens the socket a target asks for: TCP, TLS with its last session offered again, or a unix socket. */
import { connect as connectTcp, isIP } from 'node:net'
import type { NetConnectOpts, OnReadOpts, Socket } from 'node:net'
import { connect as connectTls, createSecureContext, rootCertificates } from 'node:tls'
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls'
import { WhetstoneError } from '@whetstone/model'
import type { LoadTarget } from '../plan.ts'

/** Handshakes of one target: a resumed one spares the server its key operation and the client the certificates. */
export interface Handshakes {
  readonly full: number
  readonly resumed: number
  /** Of the full ones: those where a session was offered and the server did not take it up. */
  readonly refused: number
}

interface TlsState {
  readonly context: SecureContext
  session: Buffer | undefined
  full: number
  resumed: number
  refused: number
}

/** Fewer refusals than this are a server that was started anew, or its tickets' keys in turn. */
const MANY_REFUSED = 20

/** By the target object itself: whoever holds the plan shares its sessions, and they go when it goes. */
const states = new WeakMap<LoadTarget, TlsState>()

/**
 * A socket on its way to the target; {@link readyEvent} tells when it may be written to, and its errors are read with
 * `socketErrorOf`. With `onread` the bytes land in the caller's buffer, also those of TLS: no buffer is made per read.
 * Throws `WHET_LOAD_TLS` when a certificate or key of the target cannot be read.
 */
export function dial(target: LoadTarget, onread?: OnReadOpts): Socket {
  // The types of Node 20 know `onread` for constructors only; its documentation has it for both connect functions.
  const options = { ...address(target), noDelay: true, ...(onread && { onread }) }
  return isEncrypted(target) ? dialTls(target, options) : connectTcp(options as NetConnectOpts)
}

/** What the socket of {@link dial} emits once it may be written to. */
export function readyEvent(target: LoadTarget): 'connect' | 'secureConnect' {
  return isEncrypted(target) ? 'secureConnect' : 'connect'
}

export function isEncrypted({ protocol }: LoadTarget): boolean {
  return protocol === 'https' || protocol === 'h2'
}

/** Of all sockets dialled for this very target object so far. */
export function handshakesOf(target: LoadTarget): Handshakes {
  const { full, resumed, refused } = states.get(target) ?? { full: 0, resumed: 0, refused: 0 }
  return { full, resumed, refused }
}

/** What a reader of the figures must know about the handshakes in them; empty when there is nothing to say. */
export function handshakeWarnings(target: LoadTarget): string[] {
  const { resumed, refused } = handshakesOf(target)
  if (refused < MANY_REFUSED || refused <= resumed) return []
  const takenUp = `the server took up ${resumed} of ${resumed + refused} TLS sessions it was offered`
  return [`${takenUp}: nearly every new connection paid for a full handshake`]
}

function address({ host, port, socketPath }: LoadTarget) {
  return socketPath === undefined ? { host, port } : { path: socketPath }
}

function dialTls(target: LoadTarget, options: object): TLSSocket {
  const state = stateOf(target)
  const { host, tls = {} } = target
  const offered = state.session
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined)
  const socket = connectTls({
    ...options,
    // Also on a unix socket, where it is only the name the certificate is compared with.
    host,
    ...(servername !== undefined && { servername }),
    secureContext: state.context,
    ...(offered && { session: offered }),
    ALPNProtocols: [target.protocol === 'h2' ? 'h2' : 'http/1.1'],
    rejectUnauthorized: tls.insecure !== true,
  } as ConnectionOptions)
  // With TLS 1.3 tickets follow the handshake and replace one another; the last is the freshest.
  socket.on('session', session => (state.session = session))
  socket.once('secureConnect', () => {
    if (socket.isSessionReused()) state.resumed++
    else {
      state.full++
      if (offered !== undefined) state.refused++
    }
  })
  // A session that was not accepted must not be offered for ever.
  socket.once('error', () => (state.session = undefined))
  return socket
}

function stateOf(target: LoadTarget): TlsState {
  let state = states.get(target)
  if (state === undefined) {
    // Reading the system's authorities takes milliseconds: once for a target, not once for a connection.
    state = { context: contextOf(target), session: undefined, full: 0, resumed: 0, refused: 0 }
    states.set(target, state)
  }
  return state
}

function contextOf({ tls = {} }: LoadTarget): SecureContext {
  const { ca, cert, key } = tls
  try {
    return createSecureContext({
      ...(ca !== undefined && { ca: [...rootCertificates, ca] }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    })
  } catch (error) {
    throw new WhetstoneError('WHET_LOAD_TLS', `the certificate or key cannot be used: ${(error as Error).message}`, {
      cause: error,
      hint: 'give PEM text: a certificate with its own key, neither of them encrypted',
    })
  }
}
