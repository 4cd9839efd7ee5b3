import { describe, expect, it } from 'vitest'
import type { Queryable } from './queryable.ts'
import { estimateRows, keyset } from './keyset/index.ts'
import type { PageRequest } from './keyset/index.ts'
import { ReplicaSet } from './replicas/replica-set.ts'
import type { ReplicaSetOptions } from './replicas/options.ts'
import { moveBucket } from './shards/move-bucket.ts'
import { ShardRouter } from './shards/router.ts'
import { csvStream, ndjsonStream, RowBatches, streamRows } from './stream/index.ts'
import { batchedWrites, insertMany } from './write/index.ts'
import { Pool } from './pool/pool.ts'

/** Whoever asks it has let a bound pass that is none. */
const nobody: Queryable = {
  query: () => Promise.reject(new Error('asked')),
}
const source = { connect: () => Promise.reject(new Error('asked')) }

describe('a bound out of its range is refused by name and value, before anybody is asked, by', () => {
  it.each([
    [{ concurrency: 0 }, 'concurrency is 0: whole, from 1'],
    [{ concurrency: Number.NaN }, 'concurrency is NaN: whole, from 1'],
    [{ concurrency: 1.5 }, 'concurrency is 1.5: whole, from 1'],
    [{ leaseMs: -1 }, 'leaseMs is -1: from 0 to 2147483647'],
    [{ leaseMs: Number.NaN }, 'leaseMs is NaN'],
    [{ moveTimeoutMs: Number.NaN }, 'moveTimeoutMs is NaN: from 0 to Infinity'],
  ])('a router of shards with %j', (options, words) => {
    expect(() => new ShardRouter({ shards: { a: nobody }, directory: nobody, ...options })).toThrow(
      expect.objectContaining({ name: 'RangeError', message: expect.stringContaining(words) as string }),
    )
  })

  it.each([0, -1, Number.NaN, 2.5])('a page of %d rows out of all shards', async limit => {
    const router = new ShardRouter({ shards: { a: nobody }, directory: nobody })
    const page = router.page({ statement: () => ({ text: 'select 1' }), order: [{ name: 'id' }], limit })
    await expect(page).rejects.toThrow(new RangeError(`limit is ${limit}: whole, from 1`))
  })

  it.each([
    [{ bucket: 0.5 }, 'bucket is 0.5: whole, from 0 to 32766'],
    [{ leaseMs: Number.NaN }, 'leaseMs is NaN'],
    [{ copyTimeoutMs: Number.NaN }, 'copyTimeoutMs is NaN'],
    [{ fenceTimeoutMs: Number.NaN }, 'fenceTimeoutMs is NaN'],
  ])('the move of a bucket with %j', async (options, words) => {
    // Nobody listens there: it would be another error.
    const address = { name: 'a', url: 'postgres://127.0.0.1:1/none' }
    const move = moveBucket({ bucket: 1, from: address, to: address, directory: nobody, tables: ['t'], ...options })
    await expect(move).rejects.toThrow(RangeError)
    await expect(move).rejects.toThrow(words)
  })

  it.each<[ReplicaSetOptions, string]>([
    [{ failuresToEject: 0 }, 'failuresToEject is 0: whole, from 1'],
    [{ probesToReturn: Number.NaN }, 'probesToReturn is NaN: whole, from 1'],
    [{ maxWaiters: -1 }, 'maxWaiters is -1: whole, from 0'],
    [{ maxDivertedReads: Number.NaN }, 'maxDivertedReads is NaN: whole, from 0'],
    [{ waitMs: 10_001 }, 'waitMs is 10001: from 0 to 10000'],
    [{ maxLagMs: Number.NaN }, 'maxLagMs is NaN: from 0 to Infinity'],
    [{ maxLagBytes: -1 }, 'maxLagBytes is -1: from 0 to Infinity'],
    [{ probeIntervalMs: 0 }, 'probeIntervalMs is 0: from 1 to 2147483647'],
    [{ searchIntervalMs: Number.NaN }, 'searchIntervalMs is NaN'],
    [{ probeTimeoutMs: 0 }, 'probeTimeoutMs is 0'],
    [{ tokenLifeMs: Number.NaN }, 'tokenLifeMs is NaN'],
  ])('a set of replicas with %j', (options, words) => {
    expect(() => new ReplicaSet({ a: nobody }, options)).toThrow(
      expect.objectContaining({ name: 'RangeError', message: expect.stringContaining(words) as string }),
    )
  })

  it.each([
    [{ chunkRows: 1.5 }, 'chunkRows is 1.5: whole, from 1'],
    [{ chunkRows: 0 }, 'chunkRows is 0: whole, from 1'],
    [{ copyFrom: Number.NaN }, 'copyFrom is NaN: whole, from 1'],
    [{ copyFrom: 0 }, 'copyFrom is 0: whole, from 1'],
  ])('an insert of many rows with %j', async (options, words) => {
    const insert = insertMany(nobody, { table: 't', columns: ['id'] }, [{ id: 1 }], options)
    await expect(insert).rejects.toThrow(new RangeError(words))
  })

  it.each([
    [{ max: 0 }, 'max is 0: whole, from 1 to 100000'],
    [{ maxQueued: 0 }, 'maxQueued is 0: whole, from 1'],
    [{ maxQueued: Number.NaN }, 'maxQueued is NaN: whole, from 1'],
    [{ copyFrom: Number.NaN }, 'copyFrom is NaN: whole, from 1'],
    [{ window: { maxMs: 0 } }, 'window.maxMs is 0: from 1 to 1000'],
  ])('batched writes with %j', (options, words) => {
    expect(() => batchedWrites(nobody, { table: 't', columns: ['id'] }, options)).toThrow(new RangeError(words))
  })

  it.each([
    [{ maxSize: 0 }, 'maxSize is 0: whole, from 1'],
    [{ size: 2_000 }, 'size is 2000: whole, from 1 to 1000'],
    [{ size: Number.NaN }, 'size is NaN: whole, from 1 to 1000'],
  ])('a keyset with %j', (options, words) => {
    const given = { select: 'select 1 as id', order: [{ column: 'id' }], keys: ['0123456789abcdef'], ...options }
    expect(() => keyset(given)).toThrow(new RangeError(words))
  })

  it('a page of a keyset', async () => {
    const pages = keyset({ select: 'select 1 as id', order: [{ column: 'id' }], keys: ['0123456789abcdef'] })
    const request: PageRequest = { size: 0 }
    await expect(pages(nobody, request)).rejects.toThrow(RangeError)
  })

  it('an estimate that counts up to nothing that is a number', async () => {
    const estimate = estimateRows(nobody, 'select 1', { exactUpTo: Number.NaN })
    await expect(estimate).rejects.toThrow(new RangeError('exactUpTo is NaN: whole, from 0'))
  })

  it('streams, when they are made', () => {
    const words = new RangeError('batchRows is 1.5: whole, from 1 to 100000')
    for (const make of [streamRows, ndjsonStream, csvStream])
      expect(() => make(source, 'select 1', { batchRows: 1.5 })).toThrow(words)
    expect(() => new RowBatches(source, 'select 1', { batchRows: 1.5 })).toThrow(words)
  })

  it('a transaction that would be run again without end', async () => {
    const pool = new Pool({ host: '127.0.0.1', port: 1 })
    const transaction = pool.tx(async () => await Promise.resolve(), { retry: Number.NaN })
    await expect(transaction).rejects.toThrow(new RangeError('retry is NaN: whole, from 0'))
    await pool.end()
  })
})
