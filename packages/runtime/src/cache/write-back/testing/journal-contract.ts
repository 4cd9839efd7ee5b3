/** What every journal has to pass, however it keeps its writes: run it with `describe('…', () => journalContract(…))`. */
import { expect, test } from 'vitest'
import type { Journal } from '../journal.ts'

export interface JournalStand {
  readonly journal: Journal
  /** The same journal after its process has died: nothing was closed. */
  readonly afterDeath: () => Promise<Journal>
}

const payload = (text: string) => Buffer.from(text)
const textOf = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()

/** @param open an empty journal, opened; whoever opened it cleans up */
export function journalContract(open: () => Promise<JournalStand>): void {
  test('keeps writes in their order, and of each key the newest', async () => {
    const { journal } = await open()
    const [a1, b1] = await journal.append([
      { key: 'a', payload: payload('a1') },
      { key: 'b', payload: payload('b1') },
    ])
    const [a2] = await journal.append([{ key: 'a', payload: undefined }])
    expect(0 < a1! && a1! < b1! && b1! < a2!).toBe(true)
    expect(await journal.pending('a')).toMatchObject({ key: 'a', payload: undefined, sequence: a2 })
    expect(await journal.pending('unheard of')).toBeUndefined()
    expect(await journal.pendingCount()).toBe(2)
    const oldest = await journal.oldest(10, [])
    expect(new Map(oldest.map(entry => [entry.key, textOf(entry.payload)]))).toEqual(
      new Map([
        ['a', undefined],
        ['b', 'b1'],
      ]),
    )
    expect((await journal.oldest(10, ['a'])).map(({ key }) => key)).toEqual(['b'])
  })

  test('is over with what was settled, and not with what was written after', async () => {
    const { journal } = await open()
    await journal.append([{ key: 'a', payload: payload('old') }])
    const flushed = await journal.oldest(1, [])
    await journal.append([{ key: 'a', payload: payload('new') }])
    await journal.settle(flushed)
    expect(textOf((await journal.pending('a'))?.payload)).toBe('new')
    await journal.settle(await journal.oldest(1, []))
    expect([await journal.pending('a'), await journal.pendingCount(), await journal.oldest(1, [])]).toEqual([
      undefined,
      0,
      [],
    ])
  })

  test('has everything after the death of its process, and its numbers go on', async () => {
    const { journal, afterDeath } = await open()
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    await journal.append([
      { key: 'Füße "\n\u0001', payload: bytes },
      { key: '', payload: payload('') },
    ])
    const [last] = await journal.append([{ key: 'gone', payload: undefined }])
    const again = await afterDeath()
    expect([...(await again.pending('Füße "\n\u0001'))!.payload!]).toEqual([...bytes])
    expect(textOf((await again.pending(''))?.payload)).toBe('')
    expect(await again.pending('gone')).toMatchObject({ payload: undefined, sequence: last })
    const [next] = await again.append([{ key: 'next', payload: payload('next') }])
    expect(next).toBeGreaterThan(last!)
  })

  test('begins no number anew when everything was settled before it died', async () => {
    const { journal, afterDeath } = await open()
    const [last] = await journal.append([{ key: 'a', payload: payload('a') }])
    await journal.settle(await journal.oldest(1, []))
    const [next] = await (await afterDeath()).append([{ key: 'a', payload: payload('b') }])
    expect(next).toBeGreaterThan(last!)
  })

  test('sets aside with its error, for good until somebody decides', async () => {
    const { journal, afterDeath } = await open()
    await journal.append([{ key: 'poison', payload: payload('never') }])
    const [entry] = await journal.oldest(1, [])
    expect(await journal.setAside(entry!, 'Error: no such column\0', 5)).toBe(true)
    expect(await journal.pendingCount()).toBe(0)
    const again = await afterDeath()
    const [aside] = await again.listSetAside()
    expect({ ...aside, payload: textOf(aside?.payload), error: aside?.error.slice(0, 21) }).toMatchObject({
      key: 'poison',
      payload: 'never',
      sequence: entry!.sequence,
      error: 'Error: no such column',
      tries: 5,
    })
    await again.forgetSetAside(entry!.sequence)
    expect(await again.listSetAside()).toEqual([])
  })
}
