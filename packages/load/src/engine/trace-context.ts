/** A W3C `traceparent` on sampled requests, so that the slowest of them can be looked up as traces. */
import { randomInteger, type Random } from '@whetstone/stats'

export interface TraceContext {
  readonly traceId: string
  /** The request with its `traceparent` header. */
  readonly encoded: string
}

/** Version 00 with the sampled flag (W3C Trace Context, 3.2). `encoded` is a whole request. */
export function withTraceparent(encoded: string, random: Random): TraceContext {
  const traceId = hexadecimal(random, 32)
  const header = `traceparent: 00-${traceId}-${hexadecimal(random, 16)}-01\r\n`
  const afterRequestLine = encoded.indexOf('\r\n') + 2
  return { traceId, encoded: encoded.slice(0, afterRequestLine) + header + encoded.slice(afterRequestLine) }
}

/** Never all zeros, which would be invalid: the last digit is at least 1. */
function hexadecimal(random: Random, digits: number): string {
  let text = ''
  while (text.length < digits - 1) text += randomInteger(random, 16).toString(16)
  return text + (1 + randomInteger(random, 15)).toString(16)
}
