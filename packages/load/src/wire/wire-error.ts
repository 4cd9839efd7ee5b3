/** What can go wrong between writing a request and reading its whole answer, as a closed list that reports can count. */

export type WireErrorKind =
  /** The request itself could not be put on the wire. */
  | 'bad-request'
  /** The answer, or what came in place of one, breaks the protocol. */
  | 'parse-error'
  /** More header lines than any server has reason to send. */
  | 'head-too-large'
  | 'dns-failed'
  | 'connect-refused'
  | 'connect-unreachable'
  | 'connect-timeout'
  | 'connect-failed'
  /** This machine ran out of local ports or file descriptors: the generator's own limit, not the service's. */
  | 'local-limit'
  /** Nobody the client trusts vouches for the certificate, or it has expired. */
  | 'tls-untrusted'
  /** The certificate is for another host. */
  | 'tls-wrong-host'
  /** The handshake failed for any other reason: no common protocol, plain text on a TLS port, a client certificate refused. */
  | 'tls-failed'
  /** The connection, or an HTTP/2 stream, was broken off. */
  | 'reset'
  /** The server declined an HTTP/2 stream before working on it, and again when it was repeated. */
  | 'stream-refused'
  /** The server closed in good order before its answer was complete. */
  | 'closed-early'
  | 'timeout'

/** `kind` is what reports group by; the message says what exactly was seen. */
export class WireError extends Error {
  readonly kind: WireErrorKind

  constructor(kind: WireErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'WireError'
    this.kind = kind
  }
}
