/** The placement as a table that every process reads: the one place where it is decided who owns a bucket. */
import { Fault } from '../../fault.ts'
import type { Queryable } from '../queryable.ts'
import { type BucketPlace, DEFAULT_BUCKETS, firstPlacement, type Placement } from './placement.ts'

const TABLE = 'whetstone_shard_buckets'

interface Row {
  readonly bucket: number
  readonly shard: string
  readonly moving_to: string | null
}

/** Writes the first placement; one that is there already stays as it is. May run in every process at once. */
export async function createDirectory(
  database: Queryable,
  shards: readonly string[],
  buckets = DEFAULT_BUCKETS,
): Promise<Placement> {
  const placement = firstPlacement(shards, buckets)
  // CREATE TABLE IF NOT EXISTS alone may fail when two run at once.
  await database.query(`do $$ begin
    perform pg_advisory_xact_lock(hashtext('${TABLE}'));
    create table if not exists ${TABLE} (
      bucket int primary key, shard text not null, moving_to text, changed_at timestamptz not null default now());
  end $$`)
  await database.query(
    `insert into ${TABLE} (bucket, shard) select * from unnest($1::int[], $2::text[])
     where not exists (select from ${TABLE})
     on conflict (bucket) do nothing`,
    [placement.map((_, bucket) => bucket), placement.map(({ shard }) => shard)],
  )
  return await readPlacement(database)
}

/** @throws Fault FAULT_SHARD_PLAN when nobody created the directory or buckets are missing */
export async function readPlacement(database: Queryable): Promise<Placement> {
  const { rows } = await database.query<Row>(`select bucket, shard, moving_to from ${TABLE} order by bucket`)
  if (rows.length === 0 || rows.some(({ bucket }, index) => bucket !== index)) {
    throw new Fault('FAULT_SHARD_PLAN', `the directory holds ${rows.length} buckets, not all from 0 on`, {
      retryable: true,
      hint: 'call createDirectory() once with the names of the shards',
    })
  }
  return rows.map(placeOf)
}

/** Where one bucket is this moment. */
export async function readPlace(database: Queryable, bucket: number): Promise<BucketPlace> {
  const { rows } = await database.query<Row>(`select bucket, shard, moving_to from ${TABLE} where bucket = $1`, [
    bucket,
  ])
  if (rows.length === 0)
    throw new Fault('FAULT_SHARD_PLAN', `no bucket ${bucket} in the directory`, { retryable: false })
  return placeOf(rows[0]!)
}

/** False when the bucket is not at `from` or somebody else is moving it. */
export async function announceMove(database: Queryable, bucket: number, from: string, to: string): Promise<boolean> {
  const { rowCount } = await database.query(
    `update ${TABLE} set moving_to = $3, changed_at = now() where bucket = $1 and shard = $2 and moving_to is null`,
    [bucket, from, to],
  )
  return rowCount === 1
}

/** The instant the bucket changes hands. */
export async function completeMove(database: Queryable, bucket: number, from: string, to: string): Promise<boolean> {
  const { rowCount } = await database.query(
    `update ${TABLE} set shard = $3, moving_to = null, changed_at = now()
     where bucket = $1 and shard = $2 and moving_to = $3`,
    [bucket, from, to],
  )
  return rowCount === 1
}

/** False when it is not under way: it was completed, or withdrawn before. */
export async function withdrawMove(database: Queryable, bucket: number, to: string): Promise<boolean> {
  const { rowCount } = await database.query(
    `update ${TABLE} set moving_to = null, changed_at = now() where bucket = $1 and moving_to = $2`,
    [bucket, to],
  )
  return rowCount === 1
}

function placeOf({ shard, moving_to: movingTo }: Row): BucketPlace {
  return movingTo === null ? { shard } : { shard, movingTo }
}
