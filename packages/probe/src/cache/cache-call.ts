/** One command from the call in the service to the driver's answer, whatever the driver. */
import type { CacheDriver, Site } from '@whetstone/model'
import { captureCallSite } from '../call-site.ts'
import { now, wallClock } from '../clock.ts'
import { addBackgroundCache } from '../ledger.ts'
import { level, TRACE } from '../level.ts'
import { joinHashes, parametersHash } from '../parameters-hash.ts'
import type { RequestRecord, SpanRecord } from '../request-record.ts'
import { type CacheCommand, cacheCommand, CacheUseRecord } from './cache-uses.ts'
import { bytesOf, commandShape, type CommandShape } from './commands.ts'
import { type KnownKey, knownKey, templateOf } from './known-keys.ts'
import { RequestCaches } from './request-caches.ts'

type Below = (...args: never[]) => unknown

/** Undefined for what is no command on keys of the service, and beyond the bounds. */
export function beginCacheCall(
  driver: CacheDriver,
  name: unknown,
  args: readonly unknown[],
  { record, below }: { readonly record: RequestRecord | undefined; readonly below: Below },
): CacheCall | undefined {
  const shape = commandShape(name, args, wallClock())
  if (shape === undefined) return undefined
  const first = shape.keys[0]
  const key = first === undefined ? undefined : knownKey(driver, first)
  const command = cacheCommand(
    driver,
    shape.name,
    key?.group.template ?? (first === undefined ? '' : templateOf(first)),
  )
  if (command === undefined) return undefined
  const place = command.placeFor(record)
  if (level >= TRACE && place?.wantsSite()) place.lastSite = captureCallSite(below, record).site ?? place.lastSite
  return new CacheCall(driver, shape, command, record?.isFinished ? undefined : record, place?.lastSite)
}

/** Kept as the span of its trace when it is over. */
export class CacheCall implements SpanRecord {
  readonly kind = 'cache'
  readonly cacheCommand: CacheCommand
  readonly site: Site | undefined
  readonly startedAt = now()
  readonly hash: number
  durationMs = 0
  failed = false
  hit: boolean | undefined
  valueBytes: number | undefined
  #shape: CommandShape | undefined
  readonly #keys: readonly (KnownKey | undefined)[]
  #record: RequestRecord | undefined

  constructor(
    driver: CacheDriver,
    shape: CommandShape,
    command: CacheCommand,
    record: RequestRecord | undefined,
    site: Site | undefined,
  ) {
    this.cacheCommand = command
    this.site = site
    this.#shape = shape
    this.#record = record
    this.#keys = shape.keys.map(key => knownKey(driver, key))
    this.hash =
      this.#keys.length === 1 && this.#keys[0] ? this.#keys[0].hash : joinHashes(parametersHash(shape.keys), 0)
    if (shape.effect === 'set' || shape.effect === 'expire' || shape.effect === 'delete') this.#noteWrite(shape)
  }

  /** @param reply as the server gave it; undefined where it cannot be told, as within MULTI */
  finish(failed: boolean, reply?: unknown): void {
    const shape = this.#shape
    if (shape === undefined) return
    this.#shape = undefined
    const record = this.#record
    this.#record = undefined
    const endedAt = now()
    this.durationMs = endedAt - this.startedAt
    this.failed = failed
    const use = this.#useOf(record)
    const counts = { hits: 0, misses: 0 }
    if (shape.effect === 'read' && !failed && reply !== undefined) this.#noteReads(reply, counts, record, endedAt)
    if (use !== undefined) this.#addTo(use, counts)
    if (record === undefined) {
      if (use !== undefined) addBackgroundCache(use)
      return
    }
    if (level >= TRACE && !record.isFinished) record.addSpan(this)
  }

  #useOf(record: RequestRecord | undefined): CacheUseRecord | undefined {
    if (record === undefined) return new CacheUseRecord(this.cacheCommand, this.site)
    record.caches ??= new RequestCaches()
    record.caches.calls++
    record.caches.totalMs += this.durationMs
    return record.caches.useOf(this.cacheCommand, this.site)
  }

  #addTo(use: CacheUseRecord, counts: { readonly hits: number; readonly misses: number }): void {
    use.durationsMs.push(this.durationMs)
    use.hits += counts.hits
    use.misses += counts.misses
    if (this.failed) use.errors++
    const bytes = this.valueBytes ?? 0
    use.valueBytes += bytes
    if (bytes > use.maxValueBytes) use.maxValueBytes = bytes
  }

  #noteReads(
    reply: unknown,
    counts: { hits: number; misses: number },
    record: RequestRecord | undefined,
    endedAt: number,
  ): void {
    const replies = this.cacheCommand.name === 'MGET' && Array.isArray(reply) ? reply : [reply]
    const atMs = wallClock()
    let bytes = 0
    for (let at = 0; at < replies.length; at++) {
      const value: unknown = replies[at]
      const isHit = isThere(value)
      const valueBytes = bytesOf(value)
      bytes += valueBytes
      counts[isHit ? 'hits' : 'misses']++
      const key = this.#keys[at]
      key?.noteRead(value, valueBytes, isHit, atMs)
      if (!isHit && key !== undefined && record !== undefined) this.#open(key, record, endedAt)
    }
    this.valueBytes = bytes
    this.hit = counts.misses === 0
  }

  #open(key: KnownKey, record: RequestRecord, startedAt: number): void {
    if (record.isFinished) return
    record.caches ??= new RequestCaches()
    record.caches.opened({ key, startedAt, spansBefore: record.spans?.length ?? 0, site: this.site })
  }

  #noteWrite({ effect, values, ttlMs }: CommandShape): void {
    const atMs = wallClock()
    if (values !== undefined) this.valueBytes = bytesOf(values)
    for (let at = 0; at < this.#keys.length; at++) {
      const key = this.#keys[at]
      if (key === undefined) continue
      if (effect === 'delete') key.noteDelete()
      else if (effect === 'expire') key.noteExpire(ttlMs, atMs)
      else {
        key.noteSet(values?.[at], ttlMs, atMs)
        this.#fill(key)
      }
    }
  }

  #fill(key: KnownKey): void {
    const record = this.#record
    const load = record?.caches?.loads.get(key)
    if (record === undefined || load === undefined) return
    record.caches!.loads.delete(key)
    key.group.loads.filled(load, this.startedAt, record.spans ?? [])
  }
}

/** Nothing, or nothing in it: Redis answers an empty hash where there is no key. */
function isThere(value: unknown): boolean {
  if (value === null || value === undefined) return false
  if (Array.isArray(value)) return value.some(one => one !== null && one !== undefined)
  if (Buffer.isBuffer(value) || typeof value !== 'object') return true
  if (value instanceof Map) return value.size > 0
  return Object.keys(value).length > 0
}
