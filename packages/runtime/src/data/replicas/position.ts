/** A point in the log that all servers of a cluster write or replay: how "has this replica seen my write?" is asked. */

export interface Position {
  /** Grows by one with every promotion. Without it a replica that still follows the old primary would pass for caught up. */
  readonly timeline: number
  /** Bytes from the log's beginning; exact up to nine petabytes. */
  readonly lsn: number
}

/** A place no replica reaches: what is known of a write whose own place could not be asked. */
export const beyondReach: Position = { timeline: 0, lsn: Number.MAX_SAFE_INTEGER }

/** True when who is at `at` has everything up to `wanted`. */
export function covers(at: Position, wanted: Position): boolean {
  return at.lsn >= wanted.lsn && at.timeline >= wanted.timeline
}

/** The one that covers the other: a newer timeline begins after all that survived of the older. */
export function later(one: Position | undefined, other: Position): Position {
  if (one === undefined || other.timeline > one.timeline) return other
  return other.timeline === one.timeline && other.lsn > one.lsn ? other : one
}

/** PostgreSQL's `16/B374D848`; NaN for anything else. */
export function parseLsn(text: string): number {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text)
  return match === null ? NaN : Number.parseInt(match[1]!, 16) * 2 ** 32 + Number.parseInt(match[2]!, 16)
}

export function formatLsn(lsn: number): string {
  return `${Math.floor(lsn / 2 ** 32).toString(16)}/${(lsn % 2 ** 32).toString(16)}`.toUpperCase()
}

const walPageBytes = 8192
const pageHeaderBytes = 24

/**
 * Where the last record ends, of an insert position: when it ended with its page, the insert position is already past the header of the
 * next one, a place that no replica reports until somebody writes again.
 */
export function endOfRecord(insertLsn: number): number {
  return insertLsn % walPageBytes === pageHeaderBytes ? insertLsn - pageHeaderBytes : insertLsn
}
