/** Sends each statement to the shard that owns its key, and asks all of them where there is no key. Never a transaction across two. */
import { setTimeout as delay } from 'node:timers/promises'
import type { QueryResultRow } from 'pg'
import { Context, type Ctx } from '../../context.ts'
import { Fault } from '../../fault.ts'
import { longestTimerMs } from '../../time-limits.ts'
import { checkWhole, checkWithin, mostCounted } from '../bounds.ts'
import type { Queryable, Statement } from '../queryable.ts'
import { readPlace, readPlacement } from './directory.ts'
import { FENCED } from './fence.ts'
import { comparisonOf, mergeOrdered, type MergeOrder } from './merge.ts'
import { bucketOf, type Placement, type ShardKey } from './placement.ts'

export interface ShardRouterOptions<Shard extends Queryable> {
  /** By the names the directory uses. */
  readonly shards: Readonly<Record<string, Shard>>
  /** The database with the directory. */
  readonly directory: Queryable
  /** How old the known placement may be. A move waits as long before it relies on every router having heard of it. Default 1,000. */
  readonly leaseMs?: number
  /** How long a write waits while its bucket changes hands. Default 10,000. */
  readonly moveTimeoutMs?: number
  /** Shards asked at a time by a scatter, from 1. Default 8. */
  readonly concurrency?: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

export interface PageQuery {
  /** For the buckets a shard owns: must filter by them, order as `order` says, and return at most `limit` rows. */
  readonly statement: (buckets: readonly number[]) => Statement
  readonly order: MergeOrder
  readonly limit: number
}

export const DEFAULT_LEASE_MS = 1_000
const RETRY_EVERY_MS = 20

export class ShardRouter<Shard extends Queryable = Queryable> {
  readonly #options: Required<ShardRouterOptions<Shard>>
  #placement: Placement = []
  #readAtMs = -Infinity
  #reading: Promise<Placement> | undefined

  /** @throws RangeError for a bound out of its range */
  constructor(options: ShardRouterOptions<Shard>) {
    this.#options = {
      leaseMs: DEFAULT_LEASE_MS,
      moveTimeoutMs: 10_000,
      concurrency: 8,
      now: () => performance.now(),
      ...options,
    }
    const { leaseMs, moveTimeoutMs, concurrency } = this.#options
    checkWhole(1, mostCounted, { concurrency })
    checkWithin(0, longestTimerMs, { leaseMs })
    checkWithin(0, Infinity, { moveTimeoutMs })
  }

  /** The placement, read anew when older than the lease. @throws Fault FAULT_SHARD_PLAN */
  async placement(): Promise<Placement> {
    if (this.#options.now() - this.#readAtMs < this.#options.leaseMs) return this.#placement
    return await (this.#reading ??= this.#read())
  }

  /** The bucket of a key, to be stored beside it in the column that moves and scatters filter by. */
  async bucketOf(key: ShardKey): Promise<number> {
    return bucketOf(key, (await this.placement()).length)
  }

  /**
   * Runs `work` on the shard that owns `key`. While the bucket changes hands the server refuses its writes; `work` is then
   * run again, from its beginning, at the new owner: it must have no effect outside that database before it writes.
   * @throws Fault FAULT_SHARD_MOVING when the move did not end in time; nothing was written
   */
  async run<T>(key: ShardKey, work: (shard: Shard, bucket: number) => Promise<T>, ctx?: Ctx): Promise<T> {
    const { now, moveTimeoutMs } = this.#options
    const bucket = await this.bucketOf(key)
    const giveUpMs = Math.min(now() + moveTimeoutMs, ctx?.deadlineMs ?? Infinity)
    for (;;) {
      try {
        return await work(this.#shard(await this.#owner(bucket)), bucket)
      } catch (error) {
        if (!isFenced(error)) throw error
        if (now() >= giveUpMs || ctx?.cancelled)
          throw new Fault(
            'FAULT_SHARD_MOVING',
            `bucket ${bucket} is changing hands for longer than ${moveTimeoutMs} ms`,
            {
              retryable: true,
              cause: error,
            },
          )
        this.#readAtMs = -Infinity
        await delay(RETRY_EVERY_MS)
      }
    }
  }

  /** One statement at the owner of `key`. */
  async query<Row extends QueryResultRow = QueryResultRow>(
    key: ShardKey,
    statement: string | Statement,
    values?: readonly unknown[],
    ctx?: Ctx,
  ) {
    return await this.run(key, shard => shard.query<Row>(statement, values, ctx), ctx)
  }

  /**
   * Asks every shard for the buckets it owns; the statement must filter by them, or a bucket on its way is counted twice.
   * All answers or the first failure: then no further shard is asked, and what is still being asked is cancelled.
   */
  async scatter<Row extends QueryResultRow = QueryResultRow>(
    statement: (buckets: readonly number[]) => Statement,
    ctx?: Ctx,
  ): Promise<Row[][]> {
    const owned = await this.#owned()
    const answers: Row[][] = owned.map(() => [])
    const context = Context.below(ctx)
    let next = 0
    const worker = async () => {
      try {
        while (next < owned.length && !context.cancelled) {
          const index = next++
          const { shard, buckets } = owned[index]!
          answers[index] = (await shard.query<Row>(statement(buckets), undefined, context)).rows
        }
      } catch (error) {
        // Now and not when all have heard: nobody is asked in between.
        context.cancel(error)
        throw error
      }
    }
    try {
      await Promise.all(Array.from({ length: Math.min(this.#options.concurrency, owned.length) }, worker))
    } finally {
      context.release()
    }
    if (context.cancelled) throw context.reason
    return answers
  }

  /** The first `limit` rows (from 1, RangeError otherwise) of all shards in one order. For the next page give the last row's columns to the statement, as a keyset page does. */
  async page<Row extends QueryResultRow = QueryResultRow>(
    { statement, order, limit }: PageQuery,
    ctx?: Ctx,
  ): Promise<Row[]> {
    checkWhole(1, mostCounted, { limit })
    return mergeOrdered(await this.scatter<Row>(statement, ctx), comparisonOf(order), limit)
  }

  /** The shard of a name. @throws Fault FAULT_SHARD_PLAN for one this process was not told of */
  #shard(name: string): Shard {
    const shard = this.#options.shards[name]
    if (shard !== undefined) return shard
    const known = Object.keys(this.#options.shards).join(', ')
    throw new Fault('FAULT_SHARD_PLAN', `the directory names shard "${name}"; this process knows ${known}`, {
      retryable: true,
      hint: 'give every process the new shard before any bucket moves to it',
    })
  }

  /** A bucket on its way may change hands at any moment: its owner is asked for each time. */
  async #owner(bucket: number): Promise<string> {
    const { shard, movingTo } = (await this.placement())[bucket]!
    return movingTo === undefined ? shard : (await readPlace(this.#options.directory, bucket)).shard
  }

  async #owned(): Promise<{ shard: Shard; buckets: readonly number[] }[]> {
    const known = await this.placement()
    const placement = known.some(({ movingTo }) => movingTo !== undefined) ? await this.#read() : known
    const byShard = new Map<string, number[]>()
    for (const [bucket, { shard }] of placement.entries()) {
      const buckets = byShard.get(shard)
      if (buckets === undefined) byShard.set(shard, [bucket])
      else buckets.push(bucket)
    }
    return Array.from(byShard, ([name, buckets]) => ({ shard: this.#shard(name), buckets }))
  }

  async #read(): Promise<Placement> {
    // From before the question, or the lease would be longer than it says.
    const askedMs = this.#options.now()
    try {
      this.#placement = await readPlacement(this.#options.directory)
      this.#readAtMs = askedMs
      return this.#placement
    } finally {
      this.#reading = undefined
    }
  }
}

function isFenced(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === FENCED
}
