/** A warm start: the hottest answers of the process that ended, for the one that begins. */
import { open, readFile, rename } from 'node:fs/promises'
import { type PayloadOptions, Payloads } from '../codec/payload.ts'
import type { Cache } from '../core/cache.ts'
import type { CacheEntry } from '../core/kept.ts'
import { readRecords, recordOf } from '../records.ts'

export interface SnapshotOptions {
  /** The hottest so many. Default 10,000. */
  readonly maxEntries?: number
  /** How values are written; the same when they are read. Default JSON, not compressed. */
  readonly payload?: PayloadOptions
}

/**
 * Writes what the cache holds beside the file and then in its place, so that a process that dies meanwhile leaves the one before. A value that
 * the codec cannot keep is left out.
 * @returns how many entries it has
 * @throws what the file system throws
 */
export async function saveSnapshot(
  cache: Cache,
  path: string,
  { maxEntries = 10_000, payload }: SnapshotOptions = {},
): Promise<number> {
  const payloads = new Payloads(payload)
  const records: Buffer[] = []
  for (const { key, ...entry } of [...cache.entries()].slice(-maxEntries)) {
    const bytes = await payloads.encode(entry).catch(() => undefined)
    if (bytes !== undefined) records.push(recordOf({ key, payload: bytes, sequence: records.length + 1 }))
  }
  const file = await open(`${path}.new`, 'w')
  try {
    await file.writeFile(Buffer.concat(records))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  return records.length
}

/**
 * Before the first request. Each entry lives as long as it would have; what is over is left out. In a cache with a shared tier the tier is
 * asked before any of them is served, since nobody heard what was invalidated meanwhile: they bridge only a tier or origin that fails.
 * A file that is missing, damaged, or written by another codec is a cold start: then nothing of it is used.
 * @returns how many entries were given to the cache
 */
export async function loadSnapshot(cache: Cache, path: string, { payload }: SnapshotOptions = {}): Promise<number> {
  const bytes = await readFile(path).catch(() => undefined)
  if (bytes === undefined) return 0
  const { entries, endBytes } = readRecords(bytes)
  if (endBytes < bytes.length) return 0
  const payloads = new Payloads(payload)
  const decoded = await Promise.all(
    entries.map(async ({ key, payload: one }) => {
      const found = one && (await payloads.decode(one))
      return found && { ...(found.value as Omit<CacheEntry, 'key'>), key }
    }),
  )
  const whole = decoded.filter(entry => entry !== undefined)
  if (whole.length < entries.length) return 0
  cache.restore(whole)
  return whole.length
}
