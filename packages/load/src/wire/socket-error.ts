/** Names what a socket died of, by the stable codes of the system, of OpenSSL and of Node, never by message text. */
import type { WireErrorKind } from './wire-error.ts'
import { WireError } from './wire-error.ts'

const KINDS_BEFORE_READY: Readonly<Record<string, WireErrorKind>> = {
  ECONNREFUSED: 'connect-refused',
  // The file of a unix socket that nobody has made.
  ENOENT: 'connect-refused',
  EHOSTUNREACH: 'connect-unreachable',
  ENETUNREACH: 'connect-unreachable',
  EHOSTDOWN: 'connect-unreachable',
  ENETDOWN: 'connect-unreachable',
  ETIMEDOUT: 'connect-timeout',
  // Node's own, when it tries the addresses of a host in turn.
  ERR_SOCKET_CONNECTION_TIMEOUT: 'connect-timeout',
  EADDRNOTAVAIL: 'local-limit',
  EMFILE: 'local-limit',
  ENFILE: 'local-limit',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-wrong-host',
  HOSTNAME_MISMATCH: 'tls-wrong-host',
}

/** The answers of OpenSSL's verifier that concern the chain of trust (https://nodejs.org/docs/latest-v20.x/api/tls.html, X509 certificate error codes). */
const UNTRUSTED = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECRYPT_CRL_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'CERT_SIGNATURE_FAILURE',
  'CRL_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
])

export interface SocketState {
  /** It had connected, and for TLS shaken hands. */
  readonly ready: boolean
  readonly encrypted: boolean
}

export function socketErrorOf(error: NodeJS.ErrnoException, { ready, encrypted }: SocketState): WireError {
  const kind = kindOf(error, ready, encrypted)
  return new WireError(kind, `${ready ? 'connection lost' : 'cannot connect'}: ${error.message}`, { cause: error })
}

function kindOf(error: NodeJS.ErrnoException, ready: boolean, encrypted: boolean): WireErrorKind {
  const code = error.code ?? ''
  // With TLS 1.3 the server judges the client's certificate only after the client's handshake is over.
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return 'tls-failed'
  if (ready) return 'reset'
  if (error.syscall === 'getaddrinfo') return 'dns-failed'
  if (UNTRUSTED.has(code)) return 'tls-untrusted'
  // A reset before TLS is ready came after TCP was: the other side hung up on the handshake.
  if (encrypted && (code === 'ECONNRESET' || code === 'EPIPE' || code.startsWith('ERR_TLS_'))) {
    return KINDS_BEFORE_READY[code] ?? 'tls-failed'
  }
  return KINDS_BEFORE_READY[code] ?? 'connect-failed'
}
