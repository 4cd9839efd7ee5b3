/** What one process knows of the keys it uses: when each was set and deleted, for how long it lives, how often it is read, and whether its value changes. */
import type { CacheDriver, CacheKeys, HotKey, KeyReads } from '@whetstone/model'
import { parametersHash } from '../parameters-hash.ts'
import { ReadKeys } from '../read-keys.ts'
import { type Held, hold, isSame } from './held-values.ts'
import { hashText, keyTemplate, lastWordOpen, wordsKept } from './key-template.ts'
import { Loads } from './loads.ts'
import { SetTimes } from './set-times.ts'

const keysKept = 5_000
const templatesKept = 300
const hotKept = 10
/** A key that is read less often is not hot, and its value is not held. */
const hotReads = 8

/** What is known of the keys of one template, since the last reset. */
export class KeyGroup {
  readonly driver: CacheDriver
  readonly template: string
  keys = new Set<KnownKey>()
  hits = 0
  misses = 0
  missesBy = { unseen: 0, deleted: 0, expired: 0, other: 0 }
  refreshes = 0
  refreshesUnchanged = 0
  deletes = 0
  setTimes = new SetTimes()
  loads = new Loads()
  readKeys = new ReadKeys()
  changed = false

  constructor(driver: CacheDriver, template: string) {
    this.driver = driver
    this.template = template
  }

  reset(): void {
    this.keys = new Set()
    this.hits = this.misses = this.refreshes = this.refreshesUnchanged = this.deletes = 0
    this.missesBy = { unseen: 0, deleted: 0, expired: 0, other: 0 }
    this.setTimes = new SetTimes()
    this.loads = new Loads()
    this.readKeys = new ReadKeys()
    this.changed = false
  }

  figures(): CacheKeys {
    return {
      keyTemplate: this.template,
      driver: this.driver,
      distinctKeys: this.keys.size,
      hits: this.hits,
      misses: this.misses,
      missesBy: { ...this.missesBy },
      ...this.setTimes.figures(),
      refreshes: this.refreshes,
      refreshesUnchanged: this.refreshesUnchanged,
      deletes: this.deletes,
      loads: this.loads.figures(),
      hot: [...this.keys]
        .filter(key => key.reads >= hotReads)
        .toSorted((a, b) => b.reads - a.reads)
        .slice(0, hotKept)
        .map(key => key.figures()),
    }
  }
}

export class KnownKey {
  readonly group: KeyGroup
  readonly hash: number
  reads = 0
  #hits = 0
  #sets = 0
  #second = 0
  #secondReads = 0
  #peakReads = 0
  #fromMs = 0
  #toMs = 0
  #changes = 0
  #bytes = 0
  #read: Held | undefined
  #set: Held | undefined
  #setAtMs: number | undefined
  #ttlMs: number | undefined
  #deleted = false
  #seen = false

  constructor(group: KeyGroup, hash: number) {
    this.group = group
    this.hash = hash
  }

  /** What is known of its life stays: a key that was seen in the warm-up is not new. */
  reset(): void {
    this.reads = this.#hits = this.#sets = this.#peakReads = this.#secondReads = this.#changes = 0
  }

  noteRead(value: unknown, bytes: number, isHit: boolean, atMs: number): void {
    this.#countRead(atMs)
    const { group } = this
    group.readKeys.add(this.hash, atMs)
    if (!isHit) {
      group.misses++
      group.missesBy[this.#whyMissed(atMs)]++
      this.#seen = true
      return
    }
    group.hits++
    this.#hits++
    this.#seen = true
    this.#deleted = false
    this.#bytes = bytes
    if (this.reads < hotReads) return
    const same = isSame(this.#read, value)
    if (same === true) return
    if (same === false) this.#changes++
    this.#read = hold(value, this.#read)
  }

  noteSet(value: unknown, ttlMs: number | undefined, atMs: number): void {
    const { group } = this
    group.setTimes.add(ttlMs, atMs)
    this.#sets++
    const same = isSame(this.#set, value)
    if (same !== undefined) {
      group.refreshes++
      if (same) group.refreshesUnchanged++
    }
    if (same !== true) this.#set = hold(value, this.#set)
    this.#setAtMs = atMs
    this.#ttlMs = ttlMs
    this.#deleted = false
    this.#seen = true
    this.#touch()
  }

  /** A TTL that is given right after the value belongs to it. */
  noteExpire(ttlMs: number | undefined, atMs: number): void {
    if (this.#setAtMs === undefined || this.#ttlMs !== undefined) return
    this.group.setTimes.correct(ttlMs, atMs)
    this.#ttlMs = ttlMs
  }

  noteDelete(): void {
    this.group.deletes++
    this.#deleted = true
    this.#touch()
  }

  figures(): HotKey {
    return {
      pid: process.pid,
      keyHash: hashText(this.hash),
      reads: this.reads,
      hits: this.#hits,
      sets: this.#sets,
      peakReadsPerSecond: Math.max(this.#peakReads, this.#secondReads),
      fromMs: this.#fromMs,
      toMs: this.#toMs,
      valueChanges: this.#changes,
      valueBytes: this.#bytes,
    }
  }

  #touch(): void {
    this.group.keys.add(this)
    this.group.changed = true
  }

  #countRead(atMs: number): void {
    if (this.reads === 0) this.#fromMs = atMs
    this.#toMs = atMs
    this.reads++
    const second = Math.floor(atMs / 1_000)
    if (second !== this.#second) {
      if (this.#secondReads > this.#peakReads) this.#peakReads = this.#secondReads
      this.#second = second
      this.#secondReads = 0
    }
    this.#secondReads++
    this.#touch()
  }

  #whyMissed(atMs: number): keyof KeyGroup['missesBy'] {
    if (!this.#seen) return 'unseen'
    if (this.#deleted) return 'deleted'
    const isExpired = this.#setAtMs !== undefined && this.#ttlMs !== undefined && atMs >= this.#setAtMs + this.#ttlMs
    return isExpired ? 'expired' : 'other'
  }
}

const keys = new Map<string, KnownKey>()
const groups = new Map<string, KeyGroup>()
/** Templates by what they are without their last word: too many, and the word is no word of the program. */
const words = new Map<string, Set<string>>()

/** Beyond the bound every key is as if it were never seen before, and is forgotten at once. */
export function knownKey(driver: CacheDriver, key: string): KnownKey | undefined {
  const id = `${driver} ${key}`
  const known = keys.get(id)
  if (known) return known
  const group = groupOf(driver, templateOf(key))
  if (group === undefined) return undefined
  if (keys.size >= keysKept) return undefined
  const added = new KnownKey(group, parametersHash([key]))
  keys.set(id, added)
  return added
}

export function templateOf(key: string): string {
  const template = keyTemplate(key)
  const form = lastWordOpen(template)
  if (form === undefined) return template
  let list = words.get(form)
  if (list === undefined) {
    if (words.size >= templatesKept) return form
    words.set(form, (list = new Set()))
  }
  if (list.size <= wordsKept) list.add(template)
  return list.size > wordsKept ? form : template
}

function groupOf(driver: CacheDriver, template: string): KeyGroup | undefined {
  const id = `${driver} ${template}`
  const known = groups.get(id)
  if (known || groups.size >= templatesKept) return known
  const group = new KeyGroup(driver, template)
  groups.set(id, group)
  return group
}

/** Since the last reset, of the templates that were used since the last call. */
export function takeCacheKeys(): CacheKeys[] {
  return [...groups.values()].flatMap(group => {
    if (!group.changed) return []
    group.changed = false
    return [group.figures()]
  })
}

interface CacheReads extends KeyReads {
  readonly driver: CacheDriver
  readonly keyTemplate: string
}

/** Since the last call, of the templates that were read. */
export function takeCacheReads(): CacheReads[] {
  return [...groups.values()].flatMap(({ driver, template, readKeys }) => {
    const reads = readKeys.take()
    return reads ? [{ driver, keyTemplate: template, ...reads }] : []
  })
}

export function resetCacheKeys(): void {
  for (const key of keys.values()) key.reset()
  for (const group of groups.values()) group.reset()
}
