/** How writes lie in a file: each with its length and checksum, so that what a crash tore in the middle is seen for what it is. */
import { crc32 } from 'node:zlib'
import type { JournalEntry } from './write-back/journal.ts'

// Length of the body, its checksum; then the body: kind, sequence, length of the key, key, payload.
const headBytes = 8
const bodyHeadBytes = 1 + 8 + 4
const kinds = { write: 1, removal: 2 }

export function recordOf({ key, payload, sequence }: JournalEntry): Buffer {
  const keyBytes = Buffer.from(key)
  const record = Buffer.allocUnsafe(headBytes + bodyHeadBytes + keyBytes.length + (payload?.length ?? 0))
  record.writeUInt32LE(record.length - headBytes, 0)
  record.writeUInt8(payload === undefined ? kinds.removal : kinds.write, headBytes)
  record.writeBigUInt64LE(BigInt(sequence), headBytes + 1)
  record.writeUInt32LE(keyBytes.length, headBytes + 9)
  keyBytes.copy(record, headBytes + bodyHeadBytes)
  if (payload !== undefined) record.set(payload, headBytes + bodyHeadBytes + keyBytes.length)
  record.writeUInt32LE(crc32(record.subarray(headBytes)), 4)
  return record
}

/** @returns the whole records from the beginning, and where they end: what follows, if anything, is torn or somebody else's */
export function readRecords(bytes: Buffer): { readonly entries: readonly JournalEntry[]; readonly endBytes: number } {
  const entries: JournalEntry[] = []
  let at = 0
  while (at + headBytes + bodyHeadBytes <= bytes.length) {
    const end = at + headBytes + bytes.readUInt32LE(at)
    const body = bytes.subarray(at + headBytes, end)
    if (end > bytes.length || body.length < bodyHeadBytes || crc32(body) !== bytes.readUInt32LE(at + 4)) break
    const keyEnd = bodyHeadBytes + body.readUInt32LE(9)
    entries.push({
      key: body.toString('utf8', bodyHeadBytes, keyEnd),
      payload: body[0] === kinds.removal ? undefined : Uint8Array.from(body.subarray(keyEnd)),
      sequence: Number(body.readBigUInt64LE(1)),
    })
    at = end
  }
  return { entries, endBytes: at }
}
