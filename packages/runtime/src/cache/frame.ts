/** How an entry lies in a store that knows only bytes: what decides about a write at fixed places in front, where a script can read it. */
import type { TierEntry, Version } from './tier.ts'

/** `e` an entry, `d` the mark of a deletion. */
const kinds = { entry: 'e', deletion: 'd' }
/** Microseconds since 1970 have 16 digits until the year 2286, and the largest safe integer no more. */
const versionDigits = 16
const headBytes = 1 + versionDigits
const lineEnd = 0x0a

export type Framed =
  | { readonly kind: 'entry'; readonly version: Version; readonly entry: TierEntry }
  | { readonly kind: 'deletion'; readonly version: Version }

export function frameOf({ payload, version, freshUntilMs, goneAtMs, loadMs, missing, tags }: TierEntry): Buffer {
  // JSON has no Infinity: null is never.
  const stamp = JSON.stringify([freshUntilMs, goneAtMs, loadMs, missing, tags])
  return Buffer.concat([Buffer.from(`${kinds.entry}${digitsOf(version)}${stamp}\n`), payload])
}

export function deletionFrame(version: Version): Buffer {
  return Buffer.from(kinds.deletion + digitsOf(version))
}

/** @returns undefined for what is no frame: somebody else's bytes, or those of a version to come */
export function readFrame(bytes: Buffer | null | undefined): Framed | undefined {
  if (bytes === null || bytes === undefined || bytes.length < headBytes) return undefined
  const version = Number(bytes.toString('latin1', 1, headBytes))
  if (!Number.isSafeInteger(version)) return undefined
  const kind = bytes.toString('latin1', 0, 1)
  if (kind === kinds.deletion) return { kind: 'deletion', version }
  const end = bytes.indexOf(lineEnd, headBytes)
  if (kind !== kinds.entry || end === -1) return undefined
  const stamp = parsed(bytes.toString('utf8', headBytes, end))
  if (stamp === undefined) return undefined
  const [freshUntilMs, goneAtMs, loadMs, missing, tags] = stamp
  const entry = {
    payload: bytes.subarray(end + 1),
    version,
    freshUntilMs: freshUntilMs ?? Infinity,
    goneAtMs: goneAtMs ?? Infinity,
    loadMs,
    missing,
    tags,
  }
  return { kind: 'entry', version, entry }
}

type Stamp = readonly [number | null, number | null, number, boolean, readonly string[]]

function parsed(text: string): Stamp | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.length === 5 && Array.isArray(value[4])
      ? (value as unknown as Stamp)
      : undefined
  } catch {
    return undefined
  }
}

function digitsOf(version: Version): string {
  return String(version).padStart(versionDigits, '0')
}
