/** Which shard holds which bucket. Keys belong to buckets for ever; only buckets move. */
import { Fault } from '../../fault.ts'
import { hashOf, rendezvous } from './hash.ts'

export type ShardKey = string | number | bigint

/** A bucket on its way is still read and written at its owner until the move ends. */
export interface BucketPlace {
  readonly shard: string
  readonly movingTo?: string
}

/** One place a bucket, by number. */
export type Placement = readonly BucketPlace[]

export interface BucketMove {
  readonly bucket: number
  readonly from: string
  readonly to: string
}

/** Enough that a shard may one day hold a thousandth, few enough to write down. */
export const DEFAULT_BUCKETS = 1024
export const MOST_BUCKETS = 32_767

/** 0 to `buckets` - 1. `7`, `7n` and `'7'` are one key, as they are one text in a URL. */
export function bucketOf(key: ShardKey, buckets: number): number {
  return hashOf(String(key)) % buckets
}

export function firstPlacement(shards: readonly string[], buckets = DEFAULT_BUCKETS): Placement {
  checkShards(shards)
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > MOST_BUCKETS)
    throw new Fault('FAULT_SHARD_PLAN', `${buckets} buckets: 1 to ${MOST_BUCKETS} are possible`, { retryable: false })
  return Array.from({ length: buckets }, (_, bucket) => ({ shard: rendezvous(bucket, shards) }))
}

/** What must move so that exactly `shards` hold everything: a fifth shard takes a fifth of the buckets, and nothing else moves. */
export function movesTo(placement: Placement, shards: readonly string[]): readonly BucketMove[] {
  checkShards(shards)
  return placement.flatMap(({ shard: from }, bucket) => {
    const to = rendezvous(bucket, shards)
    return to === from ? [] : [{ bucket, from, to }]
  })
}

function checkShards(shards: readonly string[]): void {
  if (shards.length === 0 || new Set(shards).size < shards.length)
    throw new Fault('FAULT_SHARD_PLAN', `shards must have names, each its own: [${shards.join(', ')}]`, {
      retryable: false,
    })
}
