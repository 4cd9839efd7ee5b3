/** A journal in a folder of files: appended, synced to the disk, and read again at the start. For one process, and nothing to install. */
import { mkdir, open, readdir, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../fault.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import type { Journal, JournalEntry, JournalWrite, SetAside } from './journal.ts'
import { readRecords, recordOf } from '../records.ts'
import { fileText, setAsideOf } from './set-aside-file.ts'

export interface FileJournalOptions {
  /** Made where it is missing. Of a disk that survives what the writes must survive; of this process alone. */
  readonly folder: string
  /** A file that has grown to this is followed by the next. Default 8 MiB. */
  readonly segmentBytes?: number
  /** On the disk, settled or not yet removed; beyond, writes wait and are then refused. Default 256 MiB. */
  readonly maxBytes?: number
  /** Keys pending, all of them in memory too. Default 100,000. */
  readonly maxPending?: number
  /** Default 1,000. */
  readonly maxSetAside?: number
}

interface Segment {
  readonly path: string
  sizeBytes: number
  /** Keys whose newest write is here and pending. */
  live: number
}

interface Pending extends JournalEntry {
  readonly segment: Segment
}

const segmentName = /^(\d{16})\.journal$/
const setAsideFolder = 'set-aside'

export class FileJournal implements Journal {
  readonly #folder: string
  readonly #segmentBytes: number
  readonly #maxBytes: number
  readonly #maxPending: number
  readonly #maxSetAside: number
  /** By key, in the order in which they began to wait. */
  readonly #pending = new Map<string, Pending>()
  /** Oldest first; the last is written to. */
  readonly #segments: Segment[] = []
  #file: FileHandle | undefined
  #lock: FolderLock | undefined
  #nextSequence = 1
  #setAsideCount = 0
  /** After a failed write or sync nobody can say what the file holds: it must be read anew, by another start. */
  #broken: unknown
  /** Files come and go one change at a time. */
  #changing: Promise<unknown> = Promise.resolve()

  constructor(options: FileJournalOptions) {
    const { folder, segmentBytes = 8 << 20, maxBytes = 256 << 20, maxPending = 100_000, maxSetAside = 1_000 } = options
    for (const [name, bound] of Object.entries({ segmentBytes, maxBytes, maxPending, maxSetAside }))
      if (!(bound >= 1)) throw new RangeError(`${name} of a journal must be at least 1, not ${bound}`)
    this.#folder = folder
    this.#segmentBytes = segmentBytes
    this.#maxBytes = maxBytes
    this.#maxPending = maxPending
    this.#maxSetAside = maxSetAside
  }

  /** @throws Fault `FAULT_JOURNAL_TAKEN`, or `FAULT_JOURNAL_BROKEN` where the damage is not that of a crash */
  async open(): Promise<void> {
    await mkdir(join(this.#folder, setAsideFolder), { recursive: true })
    this.#lock = await lockFolder(this.#folder)
    try {
      const names = (await readdir(this.#folder)).filter(name => segmentName.test(name)).toSorted()
      for (const [index, name] of names.entries()) await this.#replay(name, index === names.length - 1)
      this.#setAsideCount = (await this.#setAsideNames()).length
      await this.#nextSegment()
      await this.#dropSettled()
    } catch (error) {
      await this.#lock.release()
      throw error
    }
  }

  async append(writes: readonly JournalWrite[]): Promise<readonly number[]> {
    return await this.#alone(async () => {
      if (this.#broken !== undefined) throw this.#broken as Error
      this.#refuseIfFull()
      if (this.#current.sizeBytes >= this.#segmentBytes) await this.#nextSegment()
      const entries = writes.map(write => ({ ...write, sequence: this.#nextSequence++ }))
      const segment = this.#current
      try {
        const bytes = Buffer.concat(entries.map(recordOf))
        await this.#file!.appendFile(bytes)
        await this.#file!.datasync()
        segment.sizeBytes += bytes.length
      } catch (cause) {
        this.#broken = new Fault('FAULT_JOURNAL_BROKEN', `the journal in ${this.#folder} could not be written`, {
          retryable: false,
          hint: 'mend the disk and start again: what was acknowledged is read from the journal then',
          cause,
        })
        throw this.#broken as Error
      }
      for (const entry of entries) this.#wait(entry, segment)
      return entries.map(({ sequence }) => sequence)
    })
  }

  async pending(key: string): Promise<JournalEntry | undefined> {
    return this.#pending.get(key)
  }

  async pendingCount(): Promise<number> {
    return this.#pending.size
  }

  async oldest(limit: number, except: readonly string[]): Promise<readonly JournalEntry[]> {
    const without = new Set(except)
    const entries: JournalEntry[] = []
    for (const entry of this.#pending.values()) {
      if (entries.length >= limit) break
      if (!without.has(entry.key)) entries.push(entry)
    }
    return entries
  }

  async settle(entries: readonly JournalEntry[]): Promise<void> {
    for (const { key, sequence } of entries) {
      const waiting = this.#pending.get(key)
      if (waiting === undefined) continue
      this.#pending.delete(key)
      if (waiting.sequence <= sequence) waiting.segment.live--
      // Written again meanwhile: it waits anew, behind the others.
      else this.#pending.set(key, waiting)
    }
    await this.#alone(async () => {
      if (this.#pending.size === 0 && this.#current.sizeBytes > this.#segmentBytes / 8 && this.#broken === undefined)
        await this.#nextSegment()
      await this.#dropSettled()
    })
  }

  async setAside(entry: JournalEntry, error: string, tries: number): Promise<boolean> {
    if (this.#setAsideCount >= this.#maxSetAside) return false
    const path = this.#setAsidePath(entry.sequence)
    const text = fileText({ ...entry, error, tries, atMs: Date.now() })
    await writeFile(`${path}.new`, text, { flush: true })
    await rename(`${path}.new`, path)
    await syncFolder(join(this.#folder, setAsideFolder))
    this.#setAsideCount++
    await this.settle([entry])
    return true
  }

  async listSetAside(): Promise<readonly SetAside[]> {
    const names = await this.#setAsideNames()
    return await Promise.all(
      names.map(async name => setAsideOf(await readFile(join(this.#folder, setAsideFolder, name), 'utf8'))),
    )
  }

  async forgetSetAside(sequence: number): Promise<void> {
    await rm(this.#setAsidePath(sequence), { force: true })
    this.#setAsideCount = (await this.#setAsideNames()).length
  }

  async lead(): Promise<boolean> {
    return this.#lock !== undefined
  }

  async close(): Promise<void> {
    await this.#alone(async () => {
      await this.#file?.close()
      this.#file = undefined
      await this.#lock?.release()
      this.#lock = undefined
    })
  }

  get #current(): Segment {
    return this.#segments.at(-1)!
  }

  #wait(entry: JournalEntry, segment: Segment): void {
    const before = this.#pending.get(entry.key)
    if (before !== undefined) before.segment.live--
    segment.live++
    this.#pending.set(entry.key, { ...entry, segment })
  }

  #refuseIfFull(): void {
    const sizeBytes = this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
    if (sizeBytes < this.#maxBytes && this.#pending.size < this.#maxPending) return
    throw new Fault(
      'FAULT_WRITE_BACK_FULL',
      `the journal in ${this.#folder} holds ${this.#pending.size} pending keys and ${sizeBytes} bytes, and may hold ${this.#maxPending} and ${this.#maxBytes}`,
      { retryable: true, hint: 'see stats().lastError: the origin takes less than is written' },
    )
  }

  async #replay(name: string, isLast: boolean): Promise<void> {
    const path = join(this.#folder, name)
    const bytes = await readFile(path)
    const { entries, endBytes } = readRecords(bytes)
    // Only the last file was being written to when the process died; the others were whole before the next was begun.
    if (endBytes < bytes.length && !isLast)
      throw new Fault('FAULT_JOURNAL_BROKEN', `${path} is damaged at byte ${endBytes}, and no crash does that`, {
        retryable: false,
        hint: 'keep the folder and move it away: what can be read of it was acknowledged and may not be at its origin',
      })
    const segment: Segment = { path, sizeBytes: endBytes, live: 0 }
    this.#segments.push(segment)
    if (endBytes < bytes.length) await cutAt(path, endBytes)
    this.#nextSequence = Math.max(this.#nextSequence, Number(segmentName.exec(name)![1]))
    for (const entry of entries) {
      this.#wait(entry, segment)
      this.#nextSequence = Math.max(this.#nextSequence, entry.sequence + 1)
    }
  }

  /** Named by its first sequence, so that the numbers go on when everything before it is gone. */
  async #nextSegment(): Promise<void> {
    const path = join(this.#folder, `${String(this.#nextSequence).padStart(16, '0')}.journal`)
    await this.#file?.close()
    this.#file = await open(path, 'a')
    await syncFolder(this.#folder)
    if (this.#segments.at(-1)?.path !== path) this.#segments.push({ path, sizeBytes: 0, live: 0 })
  }

  /** From the oldest on: were one gone from the middle, an older write of its keys would come back at the next start. */
  async #dropSettled(): Promise<void> {
    while (this.#segments.length > 1 && this.#segments[0]!.live === 0) {
      await rm(this.#segments.shift()!.path)
      await syncFolder(this.#folder)
    }
  }

  async #setAsideNames(): Promise<readonly string[]> {
    const names = await readdir(join(this.#folder, setAsideFolder))
    return names.filter(name => name.endsWith('.json')).toSorted()
  }

  #setAsidePath(sequence: number): string {
    return join(this.#folder, setAsideFolder, `${String(sequence).padStart(16, '0')}.json`)
  }

  async #alone<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(change)
    this.#changing = changed.catch(() => undefined)
    return await changed
  }
}

async function cutAt(path: string, endBytes: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.truncate(endBytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A new name is safe when its folder is; Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
