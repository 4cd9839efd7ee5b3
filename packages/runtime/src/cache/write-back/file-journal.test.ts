import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { FileJournal, type FileJournalOptions } from './file-journal.ts'
import { readRecords, recordOf } from '../records.ts'
import { journalContract } from './testing/journal-contract.ts'

const opened: FileJournal[] = []
const folders: string[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map(journal => journal.close()))
  await Promise.all(folders.splice(0).map(folder => rm(folder, { recursive: true })))
})

async function openIn(folder: string, options: Partial<FileJournalOptions> = {}): Promise<FileJournal> {
  const journal = new FileJournal({ folder, ...options })
  await journal.open()
  opened.push(journal)
  return journal
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'whetstone-journal-'))
  folders.push(folder)
  return folder
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: { code?: string }) => error.code,
  )
const put = (key: string, text: string) => [{ key, payload: Buffer.from(text) }]
const segmentsOf = async (folder: string) =>
  (await readdir(folder)).filter(name => name.endsWith('.journal')).toSorted()

describe('a journal of files', () => {
  journalContract(async () => {
    const folder = await newFolder()
    const journal = await openIn(folder)
    return {
      journal,
      afterDeath: async () => {
        // Its lock ends with it; its file was never closed properly, which nothing here relies on.
        await journal.close()
        return await openIn(folder)
      },
    }
  })

  test('reads back what its records say, and stops where a crash tore them', () => {
    const entry = fc.record({
      key: fc.string({ unit: 'binary' }),
      payload: fc.option(fc.uint8Array(), { nil: undefined }),
      sequence: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), fc.nat(), fc.nat({ max: 255 }), (entries, cut, garbage) => {
        const wellFormed = entries.map(one => ({ ...one, key: Buffer.from(one.key).toString() }))
        const records = wellFormed.map(recordOf)
        const whole = Buffer.concat(records)
        expect(readRecords(whole)).toEqual({ entries: wellFormed, endBytes: whole.length })
        const torn = whole.subarray(0, cut % (whole.length + 1))
        let fitting = 0
        while (fitting < records.length && Buffer.concat(records.slice(0, fitting + 1)).length <= torn.length) fitting++
        const read = readRecords(Buffer.concat([torn, Buffer.alloc(3, garbage)]))
        expect(read.entries.slice(0, fitting)).toEqual(wellFormed.slice(0, fitting))
        expect(read.entries.length).toBeLessThanOrEqual(fitting + 1)
      }),
      { numRuns: 30 },
    )
  })

  test.each([
    ['cut short', (path: string, size: number) => truncate(path, size - 3)],
    ['followed by zeros', (path: string) => appendFile(path, Buffer.alloc(4_096))],
    [
      'followed by half a record',
      (path: string) =>
        appendFile(path, recordOf({ key: 'k', payload: Buffer.alloc(99), sequence: 9 }).subarray(0, 50)),
    ],
  ])('opens after a crash that left its last file %s, and goes on', async (how, damage) => {
    const folder = await newFolder()
    const journal = await openIn(folder)
    await journal.append(put('kept', 'kept'))
    await journal.append(put('last', 'last'))
    await journal.close()
    const path = join(folder, (await segmentsOf(folder)).at(-1)!)
    await damage(path, (await readFile(path)).length)
    const again = await openIn(folder)
    expect(await again.pending('kept')).toBeDefined()
    expect((await again.pending('last')) === undefined).toBe(how === 'cut short')
    await again.append(put('after', 'after'))
    await again.close()
    expect(await (await openIn(folder)).pending('after')).toBeDefined()
  })

  test('does not open over damage that no crash does', async () => {
    const folder = await newFolder()
    const journal = await openIn(folder, { segmentBytes: 1 })
    await journal.append(put('a', 'a'))
    await journal.append(put('b', 'b'))
    await journal.close()
    const first = join(folder, (await segmentsOf(folder))[0]!)
    const bytes = await readFile(first)
    bytes[bytes.length - 1]! ^= 1
    await writeFile(first, bytes)
    expect(await failure(new FileJournal({ folder }).open())).toBe('FAULT_JOURNAL_BROKEN')
    bytes[bytes.length - 1]! ^= 1
    await writeFile(first, bytes)
    expect(await (await openIn(folder)).pendingCount()).toBe(2)
  })

  test('goes from file to file, and removes those whose writes are over, the oldest first', async () => {
    const folder = await newFolder()
    const journal = await openIn(folder, { segmentBytes: 1 })
    for (const key of ['a', 'b', 'c']) await journal.append(put(key, key))
    expect(await segmentsOf(folder)).toHaveLength(3)
    const [a, b, c] = await journal.oldest(3, [])
    await journal.settle([b!])
    expect(await segmentsOf(folder)).toHaveLength(3)
    await journal.settle([a!])
    expect(await segmentsOf(folder)).toHaveLength(1)
    await journal.settle([c!])
    expect(await segmentsOf(folder)).toEqual(['0000000000000004.journal'])
    const left = await readFile(join(folder, '0000000000000004.journal'))
    expect(left.length).toBe(0)
  })

  test('refuses more than it may hold, in keys and in bytes, until some is settled', async () => {
    const byKeys = await openIn(await newFolder(), { maxPending: 1 })
    await byKeys.append(put('a', 'a'))
    expect(await failure(byKeys.append(put('b', 'b')))).toBe('FAULT_WRITE_BACK_FULL')
    await byKeys.settle(await byKeys.oldest(1, []))
    await byKeys.append(put('b', 'b'))
    const byBytes = await openIn(await newFolder(), { maxBytes: 100, segmentBytes: 50 })
    await byBytes.append(put('a', 'x'.repeat(100)))
    expect(await failure(byBytes.append(put('a', 'y')))).toBe('FAULT_WRITE_BACK_FULL')
    await byBytes.settle(await byBytes.oldest(1, []))
    await byBytes.append(put('a', 'y'))
  })

  test('belongs to one process at a time', async () => {
    const folder = await newFolder()
    const journal = await openIn(folder)
    expect(await failure(new FileJournal({ folder }).open())).toBe('FAULT_JOURNAL_TAKEN')
    await journal.close()
    expect(await (await openIn(folder)).pendingCount()).toBe(0)
  })

  test('takes nothing more when its disk has failed, until it is opened again', async () => {
    const folder = await newFolder()
    const journal = await openIn(folder)
    await journal.append(put('a', 'a'))
    await journal.close()
    // The file is closed now, which is as good as a disk that is gone.
    expect(await failure(journal.append(put('b', 'b')))).toBe('FAULT_JOURNAL_BROKEN')
    expect(await failure(journal.append(put('c', 'c')))).toBe('FAULT_JOURNAL_BROKEN')
    expect(await (await openIn(folder)).pendingCount()).toBe(1)
  })
})
