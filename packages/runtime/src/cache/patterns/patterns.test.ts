import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { Cache } from '../core/cache.ts'
import type { SharedOptions } from '../core/shared/shared.ts'
import { mapTier } from '../testing/map-tier.ts'
import { until } from '../testing/until.ts'
import { FileJournal } from '../write-back/file-journal.ts'
import { WriteBack } from '../write-back/write-back.ts'
import { cacheAside } from './cache-aside.ts'
import { refreshAhead } from './refresh-ahead.ts'
import { writeThrough } from './write-through.ts'
import { writtenBack } from './written-back.ts'

/** A cache whose clock the test holds, where answers live exactly as long as they say. */
function stand(shared?: SharedOptions) {
  const now = { ms: 1_700_000_000_000 }
  const cache = new Cache({
    defaults: { ttlMs: 1_000, jitterFraction: 0, earlyBeta: 0 },
    ...(shared ? { shared } : { clock: () => now.ms }),
  })
  return { cache, now }
}

/** A table, and how often it was read. */
function origin() {
  const rows = new Map<string, string>()
  const state = { rows, reads: 0, read: async (id: string) => (state.reads++, rows.get(id)) }
  return state
}

/** Something that waits at a gate until the test opens it. */
function gate() {
  let open!: () => void
  const opened = new Promise<void>(resolve => (open = resolve))
  return { open, opened }
}

describe('cache-aside', () => {
  test('reads through the cache, and forgets what was changed', async () => {
    const { cache } = stand()
    const { rows, ...table } = origin()
    const users = cacheAside({ cache, key: (id: string) => `user:${id}`, load: table.read })
    rows.set('1', 'Ada')
    expect([await users.read('1'), await users.read('1')]).toEqual(['Ada', 'Ada'])
    expect(await users.change('1', async () => rows.set('1', 'Bob').size)).toBe(1)
    expect(await users.read('1')).toBe('Bob')
  })

  test('forgets also when the write failed: it may have happened', async () => {
    const { cache } = stand()
    const { rows, read } = origin()
    const users = cacheAside({ cache, key: (id: string) => id, load: read })
    rows.set('1', 'Ada')
    await users.read('1')
    const write = async () => {
      rows.set('1', 'Bob')
      throw new Error('connection lost after the commit')
    }
    await expect(users.change('1', write)).rejects.toThrow('connection lost')
    expect(await users.read('1')).toBe('Bob')
  })

  test('keeps for nobody what was being read while it changed', async () => {
    const { cache } = stand()
    const { rows } = origin()
    const first = gate()
    let reads = 0
    const load = async (id: string) => {
      const row = rows.get(id)
      if (++reads === 1) await first.opened
      return row
    }
    const users = cacheAside({ cache, key: (id: string) => id, load })
    rows.set('1', 'Ada')
    const reading = users.read('1')
    await users.change('1', async () => rows.set('1', 'Bob'))
    first.open()
    expect([await reading, await users.read('1')]).toEqual(['Ada', 'Bob'])
  })
})

describe('write-through', () => {
  const over = (cache: Cache, { rows, read }: ReturnType<typeof origin>, before?: () => Promise<void>) =>
    writeThrough({
      cache,
      key: (id: string) => id,
      load: read,
      async write(id, name: string) {
        rows.set(id, name)
        await before?.()
      },
    })

  test('makes the next read a hit', async () => {
    const { cache } = stand()
    const table = origin()
    const users = over(cache, table)
    await users.write('1', 'Ada')
    const { reads } = table
    expect([await users.read('1'), table.reads]).toEqual(['Ada', reads])
    expect(cache.counts.hit).toBe(1)
  })

  test('of two writers in two processes leaves the later, whoever is told first', async () => {
    const tier = mapTier(() => Date.now())
    const table = origin()
    const slow = gate()
    const one = over(stand({ tier, timeoutMs: 5_000 }).cache, table, () => slow.opened)
    const two = over(stand({ tier, timeoutMs: 5_000 }).cache, table)
    const slowly = one.write('1', 'first')
    await two.write('1', 'second')
    slow.open()
    await slowly
    expect([await one.read('1'), await two.read('1')]).toEqual(['second', 'second'])
    const onlooker = stand({ tier, timeoutMs: 5_000 }).cache
    expect(await onlooker.getOrLoad('1', () => 'not in the tier')).toBe('second')
  })

  test('whose process dies between origin and cache leaves the old answer for its time, and no longer', async () => {
    const { cache, now } = stand()
    const table = origin()
    const users = over(cache, table)
    await users.write('1', 'old')
    // The other process got as far as the origin.
    table.rows.set('1', 'new')
    now.ms += 999
    expect(await users.read('1')).toBe('old')
    now.ms += 1
    expect(await users.read('1')).toBe('new')
  })

  test('has succeeded also where it cannot be read back', async () => {
    const { cache } = stand()
    const rows = new Map<string, string>()
    let down = true
    const users = writeThrough({
      cache,
      key: (id: string) => id,
      load: async id => {
        if (down) throw new Error('replica down')
        return rows.get(id)
      },
      write: async (id, name: string) => rows.set(id, name),
    })
    await users.write('1', 'Ada')
    down = false
    expect(await users.read('1')).toBe('Ada')
  })
})

describe('a cache written back', () => {
  const opened: WriteBack<string>[] = []
  const folders: string[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(back => back.close()))
    await Promise.all(folders.splice(0).map(folder => rm(folder, { recursive: true })))
  })

  test('gives everybody what was written, before and after the origin has it', async () => {
    const { cache } = stand()
    const table = origin()
    const flushed = gate()
    const folder = await mkdtemp(join(tmpdir(), 'whetstone-written-back-'))
    folders.push(folder)
    const writeBack = new WriteBack<string>({
      journal: new FileJournal({ folder }),
      lingerMs: 1,
      async flush(entries) {
        await flushed.opened
        for (const { key, value } of entries) {
          if (value === undefined) table.rows.delete(key)
          else table.rows.set(key, value)
        }
      },
    })
    await writeBack.open()
    opened.push(writeBack)
    const names = writtenBack({ cache, writeBack, load: table.read })
    table.rows.set('1', 'old')
    expect(await names.read('1')).toBe('old')
    await Promise.all([names.write('1', 'Ada'), names.write('1', 'Bob')])
    expect([await names.read('1'), table.rows.get('1')]).toEqual(['Bob', 'old'])
    await names.remove('1')
    expect(await names.read('1')).toBeUndefined()
    flushed.open()
    await until(async () => (await writeBack.pendingCount()) === 0)
    expect(await names.read('1')).toBeUndefined()
    await names.write('1', 'Cy')
    await until(async () => (await writeBack.pendingCount()) === 0)
    await cache.clear()
    expect([await names.read('1'), table.rows.get('1')]).toEqual(['Cy', 'Cy'])
  })
})

describe('refresh-ahead', () => {
  /** Its answers live for a second of the test's clock, and are looked at for the last half of it. */
  function ahead(also: { minReads?: number; maxKeys?: number; maxLoads?: number } = {}) {
    const { cache, now } = stand()
    const loads: string[] = []
    const load = async (key: string) => `${key}${loads.push(key)}`
    const options = { cache, key: (key: string) => key, ttlMs: 1_000, aheadFraction: 0.5, random: () => 1, ...also }
    return { cache, now, loads, read: refreshAhead<string, string>(options)(load) }
  }

  test('loads what is read before its end, so that nobody waits', async () => {
    const { cache, now, loads, read } = ahead()
    await read('a')
    await read('a')
    now.ms += 501
    await until(() => loads.length === 2)
    await until(() => cache.get('a') === 'a2')
    now.ms += 499
    expect(await read('a')).toBe('a2')
    expect(cache.counts.miss).toBe(1)
  })

  test('stops when nobody reads any more', async () => {
    const { cache, now, loads, read } = ahead()
    await read('a')
    await read('a')
    now.ms += 501
    await until(() => cache.get('a') === 'a2')
    now.ms += 501
    // A key that is read has its turn at the same look: when it was loaded, the other was not.
    await read('b')
    await read('b')
    now.ms += 501
    await until(() => loads.includes('b') && loads.filter(key => key === 'b').length === 2)
    expect(loads.filter(key => key === 'a')).toHaveLength(2)
    expect(cache.explain('a').state).toBe('absent')
  })

  test('watches no more keys than it may, and loads no more at a time', async () => {
    const { cache, now, read } = ahead({ maxKeys: 2, minReads: 1 })
    for (const key of ['a', 'b', 'c']) await read(key)
    now.ms += 501
    await until(() => cache.get('b') !== 'b2' && cache.get('c') !== 'c3')
    expect(cache.get('a')).toBe('a1')
    const few = stand()
    const gates: (() => void)[] = []
    let open = false
    const load = (key: string) => new Promise<string>(resolve => (open ? gates.push(() => resolve(key)) : resolve(key)))
    const options = { cache: few.cache, key: (key: string) => key, ttlMs: 1_000, aheadFraction: 0.5, random: () => 1 }
    const reading = refreshAhead<string, string>({ ...options, minReads: 1, maxLoads: 1 })(load)
    for (const key of ['a', 'b']) await reading(key)
    open = true
    few.now.ms += 501
    await until(() => gates.length === 1)
    gates[0]!()
    await until(() => gates.length === 2)
    gates[1]!()
    expect(few.cache.counts.loads).toBe(4)
  })

  test('refuses bounds that are none', () => {
    expect(() => ahead({ maxKeys: 0 })).toThrow('maxKeys')
    expect(() => refreshAhead({ cache: stand().cache, key: String, aheadFraction: 2 })).toThrow('aheadFraction')
  })
})
