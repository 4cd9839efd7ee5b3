/** The trace a caller began: its request keeps the beginning of that id, so that a slow answer seen outside can be looked up inside. */

const NAME = 'traceparent'
/** Version 00 of W3C Trace Context, 3.2; other versions begin the same. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/
/** 52 bits, as many as the id of a kept trace has. */
const DIGITS = 13

/**
 * From 0 up to 1 by the first digits of the trace id, which are random wherever the standard is kept; undefined without one.
 * The raw header lines are looked through because reading `request.headers` would parse them all for a service that does not.
 */
export function callerPriority(rawHeaders: readonly string[]): number | undefined {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length !== NAME.length || name.toLowerCase() !== NAME) continue
    const traceId = TRACEPARENT.exec(rawHeaders[at + 1] ?? '')?.[1]
    return traceId === undefined ? undefined : parseInt(traceId.slice(0, DIGITS), 16) / 2 ** 52
  }
  return undefined
}
