/** A histogram at rest: two or three bytes a filled bucket, so that the intervals of a long run stay small. */
import type { SerializedHistogram } from '@whetstone/model'
import type { Histogram } from '@whetstone/stats'

export interface CompactHistogram {
  readonly count: number
  readonly min: number
  readonly max: number
  readonly sum: number
  /** How far each filled bucket lies behind the one before, and its count, in turn; seven bits a byte, the lowest first. */
  readonly bytes: Uint8Array
}

export const emptyCompact: CompactHistogram = { count: 0, min: 0, max: 0, sum: 0, bytes: new Uint8Array(0) }

/** Of one number: 2^53 has eight groups of seven bits. */
const MOST_BYTES = 8
const MORE = 0x80

/** Written anew by each call, so that merging leaves nothing behind but its result. Pairs of bucket index and count. */
let leftPairs = new Float64Array(1024)
let rightPairs = new Float64Array(1024)
let mergedPairs = new Float64Array(2048)
let scratch = new Uint8Array(4096)

export function compactOf(histogram: Histogram): CompactHistogram {
  if (histogram.count === 0) return emptyCompact
  const pairs = histogram.filledBuckets()
  const { count, min, max, sum } = histogram
  return { count, min, max, sum, bytes: packed(pairs, pairs.length) }
}

/** Bucket by bucket: what recording all values in one histogram would give. */
export function mergedCompact(a: CompactHistogram, b: CompactHistogram): CompactHistogram {
  if (a.count === 0) return b
  if (b.count === 0) return a
  leftPairs = roomFor(leftPairs, a)
  rightPairs = roomFor(rightPairs, b)
  const lefts = unpack(a.bytes, leftPairs)
  const rights = unpack(b.bytes, rightPairs)
  if (mergedPairs.length < lefts + rights) mergedPairs = new Float64Array(2 * (lefts + rights))
  return {
    count: a.count + b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    sum: a.sum + b.sum,
    bytes: packed(mergedPairs, merge(lefts, rights)),
  }
}

export function serializedCompact(histogram: CompactHistogram): SerializedHistogram {
  const { count, min, max, sum, bytes } = histogram
  leftPairs = roomFor(leftPairs, histogram)
  const length = unpack(bytes, leftPairs)
  return {
    schema: 'log-linear@1',
    digits: 3,
    buckets: Array.from({ length: length / 2 }, (_, at) => [leftPairs[2 * at]!, leftPairs[2 * at + 1]!] as const),
    min: count === 0 ? null : min,
    max: count === 0 ? null : max,
    sum,
    count,
  }
}

/** Each number took at least a byte. */
function roomFor(pairs: Float64Array<ArrayBuffer>, { bytes }: CompactHistogram): Float64Array<ArrayBuffer> {
  return pairs.length >= bytes.length ? pairs : new Float64Array(2 * bytes.length)
}

/** Of the unpacked left and right into the merged pairs; returns how many numbers those are. */
function merge(lefts: number, rights: number): number {
  let length = 0
  let left = 0
  let right = 0
  while (left < lefts || right < rights) {
    const leftIndex = left < lefts ? leftPairs[left]! : Infinity
    const rightIndex = right < rights ? rightPairs[right]! : Infinity
    mergedPairs[length++] = Math.min(leftIndex, rightIndex)
    mergedPairs[length++] =
      (leftIndex <= rightIndex ? leftPairs[left + 1]! : 0) + (rightIndex <= leftIndex ? rightPairs[right + 1]! : 0)
    if (leftIndex <= rightIndex) left += 2
    if (rightIndex <= leftIndex) right += 2
  }
  return length
}

function packed(pairs: Float64Array, length: number): Uint8Array {
  if (scratch.length < length * MOST_BYTES) scratch = new Uint8Array(2 * length * MOST_BYTES)
  let end = 0
  let before = 0
  for (let at = 0; at < length; at += 2) {
    end = write(pairs[at]! - before, end)
    end = write(pairs[at + 1]!, end)
    before = pairs[at]!
  }
  return scratch.slice(0, end)
}

/** Counts reach beyond 32 bits, so this divides instead of shifting. */
function write(value: number, at: number): number {
  let rest = value
  while (rest >= MORE) {
    scratch[at++] = (rest % MORE) + MORE
    rest = Math.floor(rest / MORE)
  }
  scratch[at++] = rest
  return at
}

/** Returns how many numbers were written. */
function unpack(bytes: Uint8Array, pairs: Float64Array): number {
  let length = 0
  let index = 0
  let value = 0
  let unit = 1
  for (const byte of bytes) {
    if (byte >= MORE) {
      value += (byte - MORE) * unit
      unit *= MORE
      continue
    }
    value += byte * unit
    if (length % 2 === 0) pairs[length++] = index += value
    else pairs[length++] = value
    value = 0
    unit = 1
  }
  return length
}
