/** Moves one bucket to another shard while it is read and written: logical replication carries it over, a fence stops the last writes for a moment, a checksum says that nothing was lost or doubled. */
import { setTimeout as delay } from 'node:timers/promises'
// As a whole: before version 8.15 it is a CommonJS module, whose names cannot be imported one by one.
import pg from 'pg'
import { Fault, isFault } from '../../fault.ts'
import { longestTimerMs } from '../../time-limits.ts'
import { checkWhole, checkWithin } from '../bounds.ts'
import { quoted } from '../identifier.ts'
import type { Queryable } from '../queryable.ts'
import { announceMove, completeMove, readPlace, withdrawMove } from './directory.ts'
import { dropFence, fenceStatements, tableText } from './fence.ts'
import { type BothShards, claimMove, dropReplication, moveNames, newMoveName, pollUntil } from './move-replication.ts'
import {
  checkNoRows,
  checkTables,
  digestOf,
  differingTables,
  type TableColumns,
  type TableDigest,
} from './moved-tables.ts'
import { type BucketPlace, MOST_BUCKETS } from './placement.ts'
import { DEFAULT_LEASE_MS } from './router.ts'

export interface ShardAddress {
  readonly name: string
  /** Of a role that may create publications and replication slots (source) or subscriptions (target), and owns the tables. */
  readonly url: string
}

export interface BucketMoveOptions {
  readonly bucket: number
  readonly from: ShardAddress
  readonly to: ShardAddress
  /** The source as the target's server reaches it. Default `from.url`. */
  readonly replicationUrl?: string
  readonly directory: Queryable
  /** All tables that hold rows of the bucket, as `name` or `schema.name`. */
  readonly tables: readonly string[]
  /** The column with the bucket's number; part of the replica identity of every table. Default `bucket`. */
  readonly column?: string
  /** As the routers have it: so long after the announcement every one of them knows. Default 1,000. */
  readonly leaseMs?: number
  /** For the copy. Default 1 hour. */
  readonly copyTimeoutMs?: number
  /** For the time in which writes wait: beyond it the move is taken back. Default 5,000. */
  readonly fenceTimeoutMs?: number
  readonly onStep?: (step: MoveStep) => void
}

export type MoveStep = 'announced' | 'copied' | 'fenced' | 'verified' | 'switched' | 'removed'

export interface BucketMoved {
  readonly rows: number
  /** How long writes to this bucket waited. */
  readonly fencedMs: number
}

const REMOVE_BATCH = 5_000
/** After these there is nothing to take back: nothing was begun, or nobody knows what was done. Others, of a pool without room for example, are causes. */
const lastWords: ReadonlySet<string> = new Set(['FAULT_SHARD_PLAN', 'FAULT_SHARD_UNDECIDED'])
/** For all tables together: so long writers to the whole tables may stand still at a time, and then have this long to themselves. */
const FENCE_LOCK_MS = 300
const FENCE_PAUSE_MS = 50
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * Needs `wal_level = logical` on the source. Until the switch everything is taken back on failure and the bucket stays where it was.
 * Where the process was killed instead, the same call again clears up what it left and moves the bucket, or removes what a finished
 * move left behind; until then the source keeps its log for it, and writes to a fenced bucket wait.
 * @throws Fault FAULT_SHARD_MOVE with the step that failed; FAULT_SHARD_UNDECIDED when the directory died in the very switch;
 * FAULT_SHARD_LEFTOVER when the bucket has moved but its old rows could not be deleted; RangeError for a bound out of its range
 */
export async function moveBucket(options: BucketMoveOptions): Promise<BucketMoved> {
  const { bucket, leaseMs = DEFAULT_LEASE_MS, copyTimeoutMs = 0, fenceTimeoutMs = 0 } = options
  checkWhole(0, MOST_BUCKETS - 1, { bucket })
  checkWithin(0, longestTimerMs, { leaseMs })
  checkWithin(0, Infinity, { copyTimeoutMs, fenceTimeoutMs })
  const source = new pg.Client({ connectionString: options.from.url })
  const target = new pg.Client({ connectionString: options.to.url })
  // Otherwise a server that goes away ends the process; the next query says it as well.
  for (const client of [source, target]) client.on('error', () => undefined)
  try {
    await source.connect()
    await target.connect()
    return await new BucketMove(options, { source, target }).run()
  } finally {
    await Promise.allSettled([source.end(), target.end()])
  }
}

class BucketMove {
  readonly #options: BucketMoveOptions
  readonly #shards: BothShards
  readonly #column: string
  /** Of the publication, the slot and the subscription. */
  readonly #name: string
  #tables: readonly TableColumns[] = []
  #announcedAtMs = 0
  /** What takes back what was done so far, newest last. */
  readonly #undo: (() => Promise<unknown>)[] = []

  constructor(options: BucketMoveOptions, shards: BothShards) {
    this.#options = options
    this.#shards = shards
    this.#column = options.column ?? 'bucket'
    this.#name = newMoveName(options.bucket)
  }

  async run(): Promise<BucketMoved> {
    let step: MoveStep = 'announced'
    const reached = (next: MoveStep) => this.#options.onStep?.((step = next))
    let moved: BucketMoved
    try {
      if (await this.#begin()) {
        reached('announced')
        await this.#copy()
        reached('copied')
        const fencedAtMs = await this.#fence()
        reached('fenced')
        const rows = await this.#verify(fencedAtMs + (this.#options.fenceTimeoutMs ?? 5_000))
        reached('verified')
        await this.#switch()
        moved = { rows, fencedMs: performance.now() - fencedAtMs }
      } else {
        const digests = await digestOf(this.#shards.target, this.#tables, this.#column, this.#options.bucket)
        moved = { rows: totalOf(digests), fencedMs: 0 }
      }
      reached('switched')
    } catch (error) {
      if (isFault(error) && lastWords.has(error.code)) throw error
      await this.#takeBack()
      throw this.#failure(step, error)
    }
    try {
      await this.#removeMoved()
    } catch (cause) {
      const { bucket, from, to } = this.#options
      throw new Fault(
        'FAULT_SHARD_LEFTOVER',
        `bucket ${bucket} is at "${to.name}", but not all of its rows are gone from "${from.name}": ${messageOf(cause)}`,
        { retryable: false, cause, hint: 'nothing reads them; the same move once more removes them' },
      )
    }
    reached('removed')
    return moved
  }

  /** @returns false when the bucket is at the target already, and only what an earlier mover left is to be removed */
  async #begin(): Promise<boolean> {
    const { bucket, from, to, directory } = this.#options
    if (!(await claimMove(this.#shards, bucket)))
      throw new Error(`bucket ${bucket} is being moved by somebody else at this moment`)
    const { source, target } = this.#shards
    this.#tables = await checkTables(source, target, this.#options.tables, this.#column)
    const place = await readPlace(directory, bucket)
    // Nobody else is at work: whoever announced this was killed. Withdrawn first, a switch still on its way comes to nothing.
    const isAbandoned = place.movingTo === to.name && (await withdrawMove(directory, bucket, to.name))
    if (place.shard === from.name && (isAbandoned || (await this.#hasReplication()))) await this.#clearUp()
    if (place.shard === to.name && (await this.#hasLeftovers())) return false
    if (place.shard !== from.name) throw this.#elsewhere(place)
    await checkNoRows(target, this.#tables, this.#column, bucket)
    await this.#announce()
    return true
  }

  /** The fence of a mover that was killed goes first: writes wait for it. */
  async #clearUp(): Promise<void> {
    const { bucket } = this.#options
    await dropFence(this.#shards.source, this.#tables, bucket)
    for (const name of await moveNames(this.#shards, bucket)) await dropReplication(this.#shards, name)
    await this.#emptyTarget()
  }

  async #hasReplication(): Promise<boolean> {
    return (await moveNames(this.#shards, this.#options.bucket)).length > 0
  }

  async #hasLeftovers(): Promise<boolean> {
    const { bucket } = this.#options
    if (await this.#hasReplication()) return true
    return totalOf(await digestOf(this.#shards.source, this.#tables, this.#column, bucket)) > 0
  }

  async #announce(): Promise<void> {
    const { bucket, from, to, directory } = this.#options
    if (!(await announceMove(directory, bucket, from.name, to.name)))
      throw this.#elsewhere(await readPlace(directory, bucket))
    this.#undo.push(() => withdrawMove(directory, bucket, to.name))
    this.#announcedAtMs = performance.now()
    // What an earlier move away from there left behind would refuse the first write after the switch.
    await dropFence(this.#shards.target, this.#tables, bucket)
  }

  #elsewhere({ shard, movingTo }: BucketPlace): Error {
    const where = movingTo === undefined ? `at "${shard}"` : `already moving to "${movingTo}"`
    return new Error(`bucket ${this.#options.bucket} is ${where}, not at rest at "${this.#options.from.name}"`)
  }

  async #copy(): Promise<void> {
    const name = quoted(this.#name)
    const filtered = this.#tables.map(
      table => `${tableText(table)} where (${quoted(this.#column)} = ${this.#options.bucket})`,
    )
    this.#undo.push(() => dropReplication(this.#shards, this.#name))
    await this.#shards.source.query(`create publication ${name} for table ${filtered.join(', ')}`)
    // Made by hand, because CREATE SUBSCRIPTION waits for itself when both shards live in one cluster.
    await this.#shards.source.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [this.#name])
    const url = this.#options.replicationUrl ?? this.#options.from.url
    await this.#shards.target.query(
      `create subscription ${name} connection '${url.replaceAll("'", "''")}' publication ${name} with (create_slot = false)`,
    )
    await pollUntil(performance.now() + (this.#options.copyTimeoutMs ?? 3_600_000), 'the copy', async () => {
      const { rows } = await this.#shards.target.query<{ waiting: number; tables: number }>(
        `select count(*) filter (where r.srsubstate <> 'r')::int as waiting, count(*)::int as tables
         from pg_subscription s join pg_subscription_rel r on r.srsubid = s.oid where s.subname = $1`,
        [this.#name],
      )
      return rows[0]!.tables === this.#tables.length && rows[0]!.waiting === 0
    })
  }

  async #fence(): Promise<number> {
    const { bucket, leaseMs = DEFAULT_LEASE_MS, fenceTimeoutMs = 5_000 } = this.#options
    // By then every router asks the directory before it touches this bucket.
    await delay(Math.max(0, this.#announcedAtMs + leaseMs - performance.now()))
    this.#undo.push(() => dropFence(this.#shards.source, this.#tables, bucket))
    const giveUpMs = performance.now() + fenceTimeoutMs
    for (;;) {
      const fromMs = performance.now()
      try {
        await this.#buildFence()
        return fromMs
      } catch (error) {
        const metWriters = (error as { code?: unknown }).code === LOCK_NOT_AVAILABLE
        if (!metWriters || performance.now() >= giveUpMs) throw error
      }
      await delay(FENCE_PAUSE_MS)
    }
  }

  /** Gives way long before the deadlock check of a writer (1 s by default), whose statement would be the one to die. */
  async #buildFence(): Promise<void> {
    const { bucket } = this.#options
    await inTransaction(this.#shards.source, async () => {
      await this.#shards.source.query(`set local lock_timeout = ${Math.ceil(FENCE_LOCK_MS / this.#tables.length)}`)
      for (const statement of fenceStatements(this.#tables, this.#column, bucket))
        await this.#shards.source.query(statement)
    })
  }

  /** Everything written before the fence has arrived, and is the same there. */
  async #verify(giveUpMs: number): Promise<number> {
    const { rows } = await this.#shards.source.query<{ lsn: string }>(
      `select pg_logical_emit_message(true, 'whetstone', $1)::text as lsn`,
      [this.#name],
    )
    const fencedAt = (await this.#shards.source.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn'))
      .rows[0]!.lsn
    await pollUntil(giveUpMs, `the last writes (up to ${rows[0]!.lsn})`, async () => {
      const answer = await this.#shards.source.query<{ there: boolean }>(
        `select confirmed_flush_lsn >= $2::pg_lsn as there from pg_replication_slots where slot_name = $1`,
        [this.#name, fencedAt],
      )
      return answer.rows[0]?.there === true
    })
    const digests = await Promise.all(
      [this.#shards.source, this.#shards.target].map(client =>
        digestOf(client, this.#tables, this.#column, this.#options.bucket),
      ),
    )
    const differing = differingTables(digests[0]!, digests[1]!)
    if (differing.length > 0) throw new Error(`not the same on both shards: ${differing.join('; ')}`)
    return totalOf(digests[0]!)
  }

  /** When the answer is lost, only the directory knows whether it happened: taking back a move that did would lose its rows. */
  async #switch(): Promise<void> {
    const { bucket, from, to, directory } = this.#options
    try {
      if (await completeMove(directory, bucket, from.name, to.name)) return
    } catch (cause) {
      const place = await readPlace(directory, bucket).catch(() => undefined)
      if (place?.shard === to.name) return
      if (place !== undefined) throw cause
      this.#undo.length = 0
      throw new Fault(
        'FAULT_SHARD_UNDECIDED',
        `whether bucket ${bucket} went from "${from.name}" to "${to.name}" is not known: the directory does not answer`,
        {
          retryable: false,
          cause,
          hint: 'both shards hold its rows and writes wait; read its row in whetstone_shard_buckets, then remove the rows and the fence of the other shard',
        },
      )
    }
    throw new Error('the directory no longer says that this move is under way')
  }

  /** Reads that began at the old owner may still be under way for as long as a placement is believed. The fence stays: a process that slept through the move must not write there. */
  async #removeMoved(): Promise<void> {
    const { bucket, leaseMs = DEFAULT_LEASE_MS } = this.#options
    for (const name of await moveNames(this.#shards, bucket)) await dropReplication(this.#shards, name)
    await delay(leaseMs)
    // Children first, as the caller lists parents before them.
    for (const table of this.#tables.toReversed()) {
      for (let removed = REMOVE_BATCH; removed === REMOVE_BATCH;) {
        removed = await inTransaction(this.#shards.source, async () => {
          await this.#shards.source.query(`select set_config('whetstone.moving_bucket', $1, true)`, [String(bucket)])
          const { rowCount } = await this.#shards.source.query(
            `delete from ${tableText(table)} where ctid = any(array(
               select ctid from ${tableText(table)} where ${quoted(this.#column)} = $1 limit ${REMOVE_BATCH}))`,
            [bucket],
          )
          return rowCount ?? 0
        })
      }
    }
  }

  /** Best effort, step by step: what cannot be undone must not keep the rest from being undone. */
  async #takeBack(): Promise<void> {
    for (const undo of this.#undo.toReversed()) await undo().catch(() => undefined)
    if (this.#undo.length > 0) await this.#emptyTarget().catch(() => undefined)
  }

  async #emptyTarget(): Promise<void> {
    for (const table of this.#tables.toReversed())
      await this.#shards.target.query(`delete from ${tableText(table)} where ${quoted(this.#column)} = $1`, [
        this.#options.bucket,
      ])
  }

  #failure(reached: MoveStep, cause: unknown): Fault {
    const { bucket, from, to } = this.#options
    return new Fault(
      'FAULT_SHARD_MOVE',
      `bucket ${bucket} stays at "${from.name}": moving it to "${to.name}" failed after "${reached}": ${messageOf(cause)}`,
      { retryable: true, cause },
    )
  }
}

function totalOf(digests: readonly TableDigest[]): number {
  return digests.reduce((sum, { rows }) => sum + rows, 0)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function inTransaction<T>(client: pg.Client, work: () => Promise<T>): Promise<T> {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}
