/** A write that was set aside, as a file a person can read. */
import type { SetAside } from './journal.ts'

export function fileText({ key, payload, sequence, error, tries, atMs }: SetAside): string {
  const at = new Date(atMs).toISOString()
  const payloadBase64 = payload === undefined ? null : Buffer.from(payload).toString('base64')
  return `${JSON.stringify({ key, sequence, error, tries, at, payloadBase64 }, undefined, 2)}\n`
}

export function setAsideOf(text: string): SetAside {
  const { at, payloadBase64, ...rest } = JSON.parse(text) as {
    readonly key: string
    readonly sequence: number
    readonly error: string
    readonly tries: number
    readonly at: string
    readonly payloadBase64: string | null
  }
  const payload = payloadBase64 === null ? undefined : new Uint8Array(Buffer.from(payloadBase64, 'base64'))
  return { ...rest, payload, atMs: Date.parse(at) }
}
