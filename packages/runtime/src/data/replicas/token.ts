/** Carries a session's position to the user's next request: readable by anybody, made by nobody but us. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Position } from './position.ts'

export interface TokenKeys {
  /** The first signs, all verify: a new key goes in front, the old one leaves when its tokens have expired. */
  readonly keys: readonly string[]
  /** What the position belongs to; a token of one cluster is refused by another. */
  readonly cluster: string
}

const version = '1'
/** 128 bits: a forger has to guess online. */
const signatureBytes = 16

/** `1.<timeline>.<lsn>.<expiry>.<signature>`: safe in a header and in a cookie as it is. @param expiresAtMs since the epoch */
export function signToken(position: Position, expiresAtMs: number, { keys, cluster }: TokenKeys): string {
  const body = [version, ...[position.timeline, position.lsn, expiresAtMs].map(part => part.toString(36))].join('.')
  return `${body}.${sign(body, keys[0]!, cluster).toString('base64url')}`
}

export type TokenRefusal = 'malformed' | 'forged' | 'expired'

/** @param nowMs since the epoch, like the expiry: processes share no other clock */
export function readToken(token: string, nowMs: number, { keys, cluster }: TokenKeys): Position | TokenRefusal {
  const match = /^(1\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11}))\.([\w-]{22})$/.exec(token)
  if (match === null) return 'malformed'
  const [, body, timeline, lsn, expiresAtMs, signature] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  const given = Buffer.from(signature, 'base64url')
  // Every key is tried, so that the time taken says nothing about which one fits.
  const fitting = keys.filter(key => timingSafeEqual(given, sign(body, key, cluster)))
  if (fitting.length === 0) return 'forged'
  if (Number.parseInt(expiresAtMs, 36) <= nowMs) return 'expired'
  return { timeline: Number.parseInt(timeline, 36), lsn: Number.parseInt(lsn, 36) }
}

function sign(body: string, key: string, cluster: string): Buffer {
  return createHmac('sha256', key).update(`whetstone session\0${cluster}\0${body}`).digest().subarray(0, signatureBytes)
}
