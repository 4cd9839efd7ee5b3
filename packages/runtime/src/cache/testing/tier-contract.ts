/** What every tier has to pass, whatever store it stands on: run it with `describe('…', () => tierContract(…))`. */
import { expect, test } from 'vitest'
import type { Tier, TierEntry } from '../tier.ts'

const textOf = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : Buffer.from(bytes).toString())

interface TierStand {
  readonly tier: Tier
  /** Milliseconds since 1970, as the tier sees them. */
  nowMs(): number
  /** Until the tier's clock has gone on by so much: a real store is waited for, a fake clock is set. */
  pass(ms: number): Promise<void>
}

/** @param open a tier on an empty store; whoever opened it closes it */
export function tierContract(open: () => Promise<TierStand>): void {
  const entry = (text: string, stand: TierStand, also: Partial<TierEntry> = {}): TierEntry => ({
    payload: Buffer.from(text),
    freshUntilMs: stand.nowMs() + 60_000,
    goneAtMs: stand.nowMs() + 120_000,
    version: 1,
    loadMs: 12.5,
    missing: false,
    tags: [],
    ...also,
  })

  test('answers a version, and no entry, for what it never heard of', async () => {
    const { tier } = await open()
    const { entry: found, version } = await tier.get('unheard of')
    expect(found).toBeUndefined()
    expect(Number.isSafeInteger(version) && version > 0).toBe(true)
  })

  test('gives back what was set: every byte, every field of the stamp', async () => {
    const stand = await open()
    const { version } = await stand.tier.get('whole')
    const set = entry('', stand, {
      payload: Uint8Array.from({ length: 256 }, (_, byte) => byte),
      version,
      tags: ['user:1', 'Füße,"quoted" \n'],
    })
    expect(await stand.tier.set('whole', set)).toBe(true)
    const { entry: found } = await stand.tier.get('whole')
    expect({ ...found, payload: [...(found?.payload ?? [])] }).toEqual({ ...set, payload: [...set.payload] })
    const missing = entry('', stand, { version, missing: true, goneAtMs: Infinity })
    expect(await stand.tier.set('nothing there', missing)).toBe(true)
    expect((await stand.tier.get('nothing there')).entry).toMatchObject({ missing: true, goneAtMs: Infinity })
  })

  test('keeps keys apart, however strange they are', async () => {
    const stand = await open()
    const keys = ['a', 'A', 'a ', 'ä', 'a:b', 'a\nb', '*', '', 'k'.repeat(400)]
    const { version } = await stand.tier.get('a')
    await Promise.all(keys.map(key => stand.tier.set(key, entry(`value of ${key}`, stand, { version }))))
    const found = await stand.tier.getMany([...keys, 'other'])
    expect(found.map(lookup => textOf(lookup.entry?.payload))).toEqual([
      ...keys.map(key => `value of ${key}`),
      undefined,
    ])
  })

  test('forgets an entry when it is gone, and not before', async () => {
    const stand = await open()
    const { version } = await stand.tier.get('short')
    await stand.tier.set(
      'short',
      entry('short', stand, { version, goneAtMs: stand.nowMs() + 1_000, freshUntilMs: stand.nowMs() }),
    )
    await stand.tier.set('long', entry('long', stand, { version }))
    expect(textOf((await stand.tier.get('short')).entry?.payload)).toBe('short')
    await stand.pass(1_100)
    expect((await stand.tier.get('short')).entry).toBeUndefined()
    expect(textOf((await stand.tier.get('long')).entry?.payload)).toBe('long')
  })

  test('keeps the larger version, in whatever order they come', async () => {
    const stand = await open()
    const older = (await stand.tier.get('race')).version
    const newer = (await stand.tier.get('race')).version + 1
    expect(await stand.tier.set('race', entry('newer', stand, { version: newer }))).toBe(true)
    expect(await stand.tier.set('race', entry('older', stand, { version: older }))).toBe(false)
    expect(textOf((await stand.tier.get('race')).entry?.payload)).toBe('newer')
    expect(await stand.tier.set('race', entry('again', stand, { version: newer }))).toBe(true)
    expect(textOf((await stand.tier.get('race')).entry?.payload)).toBe('again')
  })

  test('refuses what was read before a delete, also where nothing was stored', async () => {
    const stand = await open()
    const { version } = await stand.tier.get('deleted')
    await stand.tier.set('deleted', entry('first', stand, { version }))
    const deletedAt = await stand.tier.delete(['deleted', 'being loaded'])
    expect(deletedAt).toBeGreaterThan(version)
    expect((await stand.tier.get('deleted')).entry).toBeUndefined()
    expect(await stand.tier.set('deleted', entry('late', stand, { version }))).toBe(false)
    expect(await stand.tier.set('being loaded', entry('late', stand, { version }))).toBe(false)
    const after = await stand.tier.get('deleted')
    expect(after.entry).toBeUndefined()
    expect(after.version).toBeGreaterThan(deletedAt)
    expect(await stand.tier.set('deleted', entry('new', stand, { version: after.version }))).toBe(true)
    expect(textOf((await stand.tier.get('deleted')).entry?.payload)).toBe('new')
  })

  test('stamps tags with versions between what was read before and after', async () => {
    const stand = await open()
    const { version: before } = await stand.tier.get('any')
    expect(await stand.tier.tagStamps(['never stamped', 'red'])).toEqual([0, 0])
    const stampedAt = await stand.tier.stampTags(['red', 'green'])
    const { version: after } = await stand.tier.get('any')
    expect(before < stampedAt && stampedAt < after).toBe(true)
    // Of a store with several clocks each has its own stamp, and the latest is told.
    const [green, never, red] = (await stand.tier.tagStamps(['green', 'never stamped', 'red'])) as [
      number,
      number,
      number,
    ]
    expect([Math.max(green, red), never]).toEqual([stampedAt, 0])
    expect(before < green && before < red).toBe(true)
  })

  test('answers nothing to no question', async () => {
    const { tier } = await open()
    expect(await tier.getMany([])).toEqual([])
    expect(await tier.tagStamps([])).toEqual([])
  })
}
