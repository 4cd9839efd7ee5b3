/** The policies by name. */
import { Fifo } from './fifo.ts'
import { Lru } from './lru.ts'
import { type PolicyMaker } from './policy.ts'
import { S3Fifo } from './s3-fifo.ts'
import { Sieve } from './sieve.ts'
import { WTinyLfu } from './w-tiny-lfu.ts'

export const policies = {
  's3-fifo': places => new S3Fifo(places),
  lru: () => new Lru(),
  sieve: () => new Sieve(),
  'w-tiny-lfu': places => new WTinyLfu(places),
  fifo: () => new Fifo(),
} satisfies Record<string, PolicyMaker>

export type PolicyName = keyof typeof policies
