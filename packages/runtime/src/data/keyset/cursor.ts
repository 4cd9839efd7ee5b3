/** Where a page ended, for the client to bring back: signed, and good for the same list only. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { Fault } from '../../fault.ts'

export type Position = readonly (string | null)[]

const version = '1'
/** 128 bits: a forger has to guess online. */
const signatureBytes = 16
const signatureChars = Math.ceil((signatureBytes * 4) / 3)
/** Longer than any page of ours asks for, shorter than what would cost something to check. */
const longestChars = 8_192

/**
 * Opaque, not secret: the values of the order columns are readable to whoever holds it, and nobody but us can make or change one.
 * @param list what the cursor is bound to: the statement, its order and the values of its filters
 */
export function writeCursor(position: Position, list: string, keys: readonly string[]): string {
  const body = `${version}${Buffer.from(JSON.stringify(position)).toString('base64url')}`
  return body + sign(body, list, keys[0]!).toString('base64url')
}

/** @throws Fault `FAULT_CURSOR` for one that was not made by us, or for another list: a mistake of the client, as a 400 is */
export function readCursor(cursor: string, list: string, keys: readonly string[], columns: number): Position {
  const body = cursor.slice(0, -signatureChars)
  if (cursor.length > longestChars || !/^[\w-]+$/.test(cursor) || !body.startsWith(version)) throw refusal('is none')
  const given = Buffer.from(cursor.slice(-signatureChars), 'base64url')
  // Every key is tried, so that the time taken says nothing about which one fits.
  const fitting = keys.filter(key => timingSafeEqual(given, sign(body, list, key)))
  if (fitting.length === 0) throw refusal('was not given out for this list, order and filter')
  const position = JSON.parse(Buffer.from(body.slice(version.length), 'base64url').toString()) as Position
  if (position.length !== columns) throw refusal(`has ${position.length} values for ${columns} columns`)
  return position
}

function refusal(why: string): Fault {
  return new Fault('FAULT_CURSOR', `the cursor ${why}`, { retryable: false, hint: 'start again at the first page' })
}

function sign(body: string, list: string, key: string): Buffer {
  return createHmac('sha256', key).update(`whetstone cursor\0${list}\0${body}`).digest().subarray(0, signatureBytes)
}
