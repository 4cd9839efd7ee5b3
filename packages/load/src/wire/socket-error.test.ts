/** Every way a connection fails has its own name, taken from stable codes. */
import { describe, expect, it } from 'vitest'
import type { SocketState } from './socket-error.ts'
import { socketErrorOf } from './socket-error.ts'

const dialling: SocketState = { ready: false, encrypted: false }
const shakingHands: SocketState = { ready: false, encrypted: true }
const open: SocketState = { ready: true, encrypted: false }
const openTls: SocketState = { ready: true, encrypted: true }

const failing = (code: string, syscall?: string) =>
  Object.assign(new Error(`failed with ${code}`), { code, ...(syscall && { syscall }) })

describe('socketErrorOf', () => {
  it.each<[string, string, SocketState, string]>([
    ['ECONNREFUSED', 'connect', dialling, 'connect-refused'],
    ['ECONNREFUSED', 'connect', shakingHands, 'connect-refused'],
    ['ENOENT', 'connect', dialling, 'connect-refused'],
    ['EHOSTUNREACH', 'connect', dialling, 'connect-unreachable'],
    ['ENETUNREACH', 'connect', dialling, 'connect-unreachable'],
    ['ETIMEDOUT', 'connect', dialling, 'connect-timeout'],
    ['EADDRNOTAVAIL', 'connect', dialling, 'local-limit'],
    ['EMFILE', 'connect', dialling, 'local-limit'],
    ['EACCES', 'connect', dialling, 'connect-failed'],
    ['ENOTFOUND', 'getaddrinfo', dialling, 'dns-failed'],
    ['EAI_AGAIN', 'getaddrinfo', shakingHands, 'dns-failed'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', '', shakingHands, 'tls-untrusted'],
    ['CERT_HAS_EXPIRED', '', shakingHands, 'tls-untrusted'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', '', shakingHands, 'tls-wrong-host'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', '', shakingHands, 'tls-failed'],
    ['EPROTO', 'write', shakingHands, 'tls-failed'],
    ['ECONNRESET', 'read', shakingHands, 'tls-failed'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '', openTls, 'tls-failed'],
    ['ECONNRESET', 'read', open, 'reset'],
    ['EPIPE', 'write', openTls, 'reset'],
  ])('%s of %s is counted by its own kind', (code, syscall, state, kind) => {
    const cause = failing(code, syscall)
    expect(socketErrorOf(cause, state)).toMatchObject({ kind, cause })
  })
})
