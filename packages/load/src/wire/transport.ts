/** What the engine asks of the wire, whichever protocol speaks: give it an exchange, be told its end. */
import type { WireErrorKind } from './wire-error.ts'

/** One request on its way; the transport fills in when it was sent. Reused by its owner once it was reported. */
export interface Exchange {
  encoded: string
  method: string
  /** What the owner will read of the answer; `none` spares the copy. */
  capture: 'none' | 'head' | 'body'
  /** When it should have been sent. */
  scheduledMs: number
  /** When the engine came round to it; what lies before is the generator's own delay. */
  noticedMs: number
  /** When it was written; NaN while it was not. */
  sentMs: number
  retries: number
}

/** Valid during the call only: the next answer overwrites it. */
export interface WireAnswer {
  readonly status: number
  readonly bodyBytes: number
  /** Header lines as latin1, without the status line; empty unless captured. */
  readonly head: string
  /** Without its chunk framing; empty unless captured. */
  readonly body: Buffer
}

export interface TransportEvents<E extends Exchange> {
  onAnswer(exchange: E, answer: WireAnswer, nowMs: number): void
  /** `exchange.sentMs` tells whether it had been sent. */
  onFailure(exchange: E, kind: WireErrorKind | 'no-connection', nowMs: number): void
}

export interface Transport<E extends Exchange> {
  submit(exchange: E): void
  /** Fails what has waited longer than the timeout. Called a few times per timeout instead of keeping a timer per request. */
  sweep(): void
  /** Drops every connection; what was pending is not reported any more. */
  close(): void
  /** Sent and not yet answered. */
  readonly inFlight: number
}
