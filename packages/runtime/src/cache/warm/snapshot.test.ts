import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { v8Codec } from '../codec/v8.ts'
import { Cache } from '../core/cache.ts'
import { mapTier } from '../testing/map-tier.ts'
import { loadSnapshot, saveSnapshot } from './snapshot.ts'

let folder: string
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-snapshot-'))
})
afterAll(() => rm(folder, { recursive: true }))

const newPath = () => join(folder, `${++files}.cache`)
const policy = { ttlMs: 1_000, jitterFraction: 0, earlyBeta: 0 }

function stand() {
  const now = { ms: 1_700_000_000_000 }
  return { now, cache: (): Cache => new Cache({ clock: () => now.ms, defaults: policy }) }
}

describe('a warm start', () => {
  test('has what the process before had, for as long as that lives, and can be invalidated', async () => {
    const { now, cache } = stand()
    const [before, path] = [cache(), newPath()]
    await before.set('a', { at: new Date(5) }, { tags: ['red'] })
    await before.set('b', 'over soon', { ttlMs: 10 })
    await before.set('nothing', undefined, { negativeTtlMs: 500 })
    expect(await saveSnapshot(before, path)).toBe(3)
    now.ms += 100
    const after = cache()
    expect(await loadSnapshot(after, path)).toBe(3)
    expect(await after.getOrLoad('a', () => 'unasked')).toEqual({ at: new Date(5) })
    expect(await after.getOrLoad('b', () => 'loaded')).toBe('loaded')
    expect(await after.getOrLoad('nothing', () => 'unasked')).toBeUndefined()
    expect(after.explain('a')).toMatchObject({ freshForMs: 900, tags: ['red'] })
    await after.invalidateTags('red')
    expect(after.get('a')).toBeUndefined()
  })

  test('has the hottest where not all may be kept, and replaces nothing', async () => {
    const { cache } = stand()
    const [before, path] = [cache(), newPath()]
    for (const key of ['a', 'b', 'c']) await before.set(key, key)
    const hottest = [...before.entries()].map(({ key }) => key).slice(-2)
    expect(await saveSnapshot(before, path, { maxEntries: 2 })).toBe(2)
    const after = cache()
    await after.set(hottest[0]!, 'newer')
    await loadSnapshot(after, path)
    expect(hottest.map(key => after.get(key))).toEqual(['newer', hottest[1]])
    expect(after.size).toBe(2)
  })

  test('asks a shared tier before it serves, and bridges an origin that fails', async () => {
    const tier = mapTier(() => Date.now())
    const shared = { tier, timeoutMs: 5_000 }
    const defaults = { jitterFraction: 0, earlyBeta: 0, staleIfErrorMs: 60_000 }
    const [before, path] = [new Cache({ shared, defaults }), newPath()]
    await before.set('changed', 'old')
    await before.set('kept', 'kept')
    await saveSnapshot(before, path)
    // While no process listened.
    await tier.delete(['changed', 'kept'])
    const after = new Cache({ shared, defaults })
    await loadSnapshot(after, path)
    expect(await after.getOrLoad('changed', () => 'new')).toBe('new')
    expect(await after.getOrLoad('kept', () => Promise.reject(new Error('origin down')))).toBe('kept')
  })

  test('is a cold one for a file that is missing, damaged, or of another codec', async () => {
    const { cache } = stand()
    const [before, path] = [cache(), newPath()]
    for (const key of ['a', 'b']) await before.set(key, key)
    await saveSnapshot(before, path)
    const bytes = await readFile(path)
    const after = cache()
    expect(await loadSnapshot(after, newPath())).toBe(0)
    expect(await loadSnapshot(after, path, { payload: { codec: v8Codec } })).toBe(0)
    for (const damaged of [bytes.subarray(0, -1), Buffer.concat([bytes, bytes.subarray(0, 5)]), Buffer.from('else')]) {
      await writeFile(path, damaged)
      expect([await loadSnapshot(after, path), after.size]).toEqual([0, 0])
    }
    await writeFile(path, bytes)
    expect([await loadSnapshot(after, path), after.size]).toEqual([2, 2])
  })

  test('leaves out what its codec cannot keep', async () => {
    const { cache } = stand()
    const [before, path] = [cache(), newPath()]
    await before.set('map', new Map())
    await before.set('plain', 1)
    expect(await saveSnapshot(before, path)).toBe(1)
    expect(await saveSnapshot(before, path, { payload: { codec: v8Codec } })).toBe(2)
  })
})
