import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Context } from '../../context.ts'
import { until } from '../../data/pool/testing/server.ts'
import { FileJournal, type FileJournalOptions } from './file-journal.ts'
import { WriteBack, type WriteBackEntry, type WriteBackOptions } from './write-back.ts'

const opened: WriteBack[] = []
const folders: string[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all(opened.splice(0).map(back => back.close()))
  await Promise.all(folders.splice(0).map(folder => rm(folder, { recursive: true })))
})

/** An origin that keeps what it is given by its sequence, and refuses what the test says. */
function origin() {
  const rows = new Map<string, WriteBackEntry<unknown>>()
  const batches: (readonly string[])[] = []
  const state = {
    rows,
    batches,
    refuses: (() => undefined) as (entries: readonly WriteBackEntry<unknown>[]) => unknown,
    values: () => Object.fromEntries(Array.from(rows, ([key, { value }]) => [key, value])),
    async flush(entries: readonly WriteBackEntry<unknown>[]) {
      batches.push(entries.map(({ key }) => key))
      const refusal = await state.refuses(entries)
      if (refusal !== undefined) throw refusal as Error
      for (const entry of entries) if ((rows.get(entry.key)?.sequence ?? 0) < entry.sequence) rows.set(entry.key, entry)
    },
  }
  return state
}

interface StandOptions extends Partial<WriteBackOptions<unknown>> {
  readonly folder?: string
  readonly journalOptions?: Partial<FileJournalOptions>
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'whetstone-write-back-'))
  folders.push(folder)
  return folder
}

async function stand({ folder, journalOptions, ...options }: StandOptions = {}) {
  const to = origin()
  const journal = new FileJournal({ folder: folder ?? (await newFolder()), ...journalOptions })
  const back = new WriteBack({
    journal,
    flush: entries => to.flush(entries),
    lingerMs: 1,
    firstPauseMs: 1,
    longestPauseMs: 5,
    ...options,
  })
  await back.open()
  opened.push(back)
  return { back, to }
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: Error & { code?: string }) => error.code ?? error.message,
  )

describe('write-back', () => {
  test('acknowledges at once, is read from what is pending, and brings it to the origin', async () => {
    const { back, to } = await stand()
    let letGo: (() => void) | undefined
    to.refuses = () => new Promise<undefined>(resolve => (letGo = () => resolve(undefined)))
    const sequence = await back.write('a', { at: new Date(5) })
    expect(await back.pending('a')).toEqual({ key: 'a', value: { at: new Date(5) }, sequence })
    await until(() => letGo !== undefined)
    expect(to.rows.size).toBe(0)
    to.refuses = () => undefined
    letGo!()
    await until(async () => (await back.pendingCount()) === 0)
    expect(to.rows.get('a')).toEqual({ key: 'a', value: { at: new Date(5) }, sequence })
    expect(await back.pending('a')).toBeUndefined()
    await back.remove('a')
    await until(() => to.rows.get('a')?.value === undefined)
  })

  test('acknowledges nothing before its bytes are on the disk', async () => {
    const handle = await open(tmpdir(), 'r')
    const prototype = Object.getPrototypeOf(handle) as FileHandle
    await handle.close()
    let synced: (() => void) | undefined
    const { back } = await stand()
    vi.spyOn(prototype, 'datasync').mockImplementation(() => new Promise<void>(resolve => (synced = resolve)))
    let acknowledged = false
    const write = back.write('a', 1).then(() => (acknowledged = true))
    await until(() => synced !== undefined)
    expect([acknowledged, await back.pending('a')]).toEqual([false, undefined])
    synced!()
    await write
    expect(await back.pending('a')).toBeDefined()
  })

  test('brings many writes to the disk by few syncs, and many of a key to the origin as one', async () => {
    const handle = await open(tmpdir(), 'r')
    const syncs = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'datasync')
    await handle.close()
    const { back, to } = await stand({ lingerMs: 20 })
    const writes = Array.from({ length: 1_000 }, (_, index) => back.write(`k${index % 10}`, index))
    await Promise.all(writes)
    expect(syncs.mock.calls.length).toBeLessThanOrEqual(3)
    await until(async () => (await back.pendingCount()) === 0)
    expect(to.values()).toEqual(Object.fromEntries(Array.from({ length: 10 }, (_, key) => [`k${key}`, 990 + key])))
    expect(back.stats.written).toBe(1_000)
    expect(back.stats.flushed).toBeLessThanOrEqual(30)
  })

  test('goes on from its journal after a restart', async () => {
    const folder = await newFolder()
    const first = await stand({ folder, closeTimeoutMs: 0 })
    first.to.refuses = () => new Error('origin down')
    await first.back.write('a', 'kept')
    await first.back.remove('b')
    await first.back.close()
    const { back, to } = await stand({ folder })
    await until(async () => (await back.pendingCount()) === 0)
    expect(to.values()).toEqual({ a: 'kept', b: undefined })
  })

  test('brings everything to the origin before it closes', async () => {
    const { back, to } = await stand({ lingerMs: 60_000 })
    await Promise.all(['a', 'b', 'c'].map(key => back.write(key, key)))
    await back.close()
    expect(to.values()).toEqual({ a: 'a', b: 'b', c: 'c' })
    expect(await failure(back.write('d', 'd'))).toBe('FAULT_WRITE_BACK_CLOSED')
  })

  test('tries again until an origin that takes nothing is back, and sets nothing aside for that', async () => {
    const { back, to } = await stand({ maxTries: 2 })
    to.refuses = () => new Error('origin down')
    await Promise.all(['a', 'b', 'c'].map(key => back.write(key, key)))
    await until(() => back.stats.failedBatches > 20)
    expect((back.stats.lastError as Error).message).toBe('origin down')
    to.refuses = () => undefined
    await until(async () => (await back.pendingCount()) === 0)
    expect(to.values()).toEqual({ a: 'a', b: 'b', c: 'c' })
    expect([await back.setAside(), back.stats.lastError]).toEqual([[], undefined])
  })

  test('sets aside the one write its origin never takes, and takes it up again when asked', async () => {
    const { back, to } = await stand({ maxTries: 3 })
    const refusal = new Error('no such column')
    to.refuses = entries => (entries.some(({ key }) => key === 'poison') ? refusal : undefined)
    await Promise.all(['a', 'poison', 'b'].map(key => back.write(key, key)))
    // Others have to come, for it to be the write and not the origin.
    await until(async () => {
      await back.write('more', to.batches.length)
      return back.stats.setAside === 1
    })
    await until(async () => (await back.pendingCount()) === 0)
    expect(await back.setAside()).toMatchObject([{ key: 'poison', value: 'poison', error: 'Error: no such column' }])
    expect(to.values()).toMatchObject({ a: 'a', b: 'b' })
    expect(await failure(back.retrySetAside())).toBe('no such column')
    to.refuses = () => undefined
    expect(await back.retrySetAside()).toBe(1)
    expect([to.rows.get('poison')?.value, await back.setAside()]).toEqual(['poison', []])
  })

  test('gives up a set-aside write only when told to', async () => {
    const { back, to } = await stand({ maxTries: 1 })
    to.refuses = ([first]) => (first!.key === 'poison' ? new Error('no') : undefined)
    const sequence = await back.write('poison', 1)
    await until(() => back.stats.setAside === 1)
    expect((await back.setAside()).map(entry => entry.sequence)).toEqual([sequence])
    await back.forgetSetAside(sequence)
    expect(await back.setAside()).toEqual([])
  })

  test('cancels a flush that takes too long, and tries it again', async () => {
    const reasons: unknown[] = []
    let flushes = 0
    const flush: WriteBackOptions<unknown>['flush'] = (_, ctx) => {
      if (++flushes > 1) return Promise.resolve()
      return new Promise((_resolve, reject) => {
        ctx.onCancel(reason => {
          reasons.push((reason as { code: string }).code)
          reject(reason as Error)
        })
      })
    }
    const { back } = await stand({ flush, flushTimeoutMs: 10 })
    await back.write('a', 1)
    await until(async () => (await back.pendingCount()) === 0)
    expect([flushes, reasons]).toEqual([2, ['FAULT_DEADLINE']])
  })

  test('lets writers wait while its journal is full, then refuses them', async () => {
    const { back, to } = await stand({ journalOptions: { maxPending: 1 }, fullTimeoutMs: 10 })
    to.refuses = () => new Error('origin down')
    await back.write('a', 1)
    expect(await failure(back.write('b', 1))).toBe('FAULT_WRITE_BACK_FULL')
    to.refuses = () => undefined
    await until(async () => (await back.pendingCount()) === 0)
    const patient = await stand({ journalOptions: { maxPending: 1 }, fullTimeoutMs: 20_000 })
    await Promise.all(['a', 'b'].map(key => patient.back.write(key, key)))
    await patient.back.write('c', 'c')
    await until(async () => (await patient.back.pendingCount()) === 0)
    expect(patient.to.values()).toEqual({ a: 'a', b: 'b', c: 'c' })
  })

  test('refuses at once when too many wait, and does not write for who has left', async () => {
    const { back, to } = await stand({ maxWaiting: 2 })
    const gone = new Context()
    gone.cancel(new Error('left'))
    const answers = [back.write('a', 1), back.write('b', 1, gone), failure(back.write('c', 1))]
    expect(await Promise.allSettled(answers)).toMatchObject([
      { status: 'fulfilled' },
      { status: 'rejected', reason: { message: 'left' } },
      { value: 'FAULT_WRITE_BACK_FULL' },
    ])
    await until(async () => (await back.pendingCount()) === 0)
    expect(to.values()).toEqual({ a: 1 })
  })

  test('refuses what is no bound, a value its codec cannot keep, and a write before it is open', async () => {
    const journal = new FileJournal({ folder: await newFolder() })
    const flush = async () => undefined
    expect(() => new WriteBack({ journal, flush, maxBatch: 0 })).toThrow('maxBatch')
    expect(() => new FileJournal({ folder: '.', segmentBytes: 0 })).toThrow('segmentBytes')
    expect(await failure(new WriteBack({ journal, flush }).write('a', 1))).toBe('FAULT_WRITE_BACK_CLOSED')
    const { back } = await stand()
    expect(await failure(back.write('a', new Map()))).toContain('JSON cannot keep an instance of Map')
  })
})
