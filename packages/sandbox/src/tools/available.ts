/** For whoever cannot go on without a tool: what was started, or the reason why it was not as an error. */
import type { NotAvailable } from './tool.ts'

/** @throws Error with the reason */
export function available<Started extends { readonly kind: string }>(
  started: Started | NotAvailable,
): Exclude<Started, NotAvailable> {
  if (isMissing(started)) throw new Error(started.reason)
  return started as Exclude<Started, NotAvailable>
}

function isMissing(started: { readonly kind: string }): started is NotAvailable {
  return started.kind === 'not-available'
}
