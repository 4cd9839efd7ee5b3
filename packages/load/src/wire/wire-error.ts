/** What can go wrong between writing a request and reading its whole answer, as a closed list that reports can count. */

export type WireErrorKind =
  'bad-request' | 'parse-error' | 'connect-refused' | 'connect-failed' | 'reset' | 'closed-early' | 'timeout'

/** `kind` is what reports group by; the message says what exactly was seen. */
export class WireError extends Error {
  readonly kind: WireErrorKind

  constructor(kind: WireErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'WireError'
    this.kind = kind
  }
}
