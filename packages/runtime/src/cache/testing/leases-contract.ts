/** What leases of every store have to pass: run it with `describe('…', () => leasesContract(…))`. */
import { expect, test } from 'vitest'
import { Context } from '../../context.ts'
import type { Leases } from '../tier.ts'

interface LeasesStand {
  /** As two processes would have them: over connections of their own, to the same store. */
  readonly one: Leases
  readonly other: Leases
}

const longMs = 30_000
/** Long enough that a busy machine extends a lease before it is lost. */
const shortMs = 1_000

/** @param open leases on a store without any; whoever opened them closes them */
export function leasesContract(open: () => Promise<LeasesStand>): void {
  test('are held by one at a time, each with a larger fence than the last', async () => {
    const { one, other } = await open()
    const first = (await one.take('key', longMs))!
    expect(await other.take('key', longMs)).toBeUndefined()
    expect(await one.take('key', longMs)).toBeUndefined()
    expect((await other.take('another key', longMs))?.fence).toBeGreaterThan(0)
    await first.release({ kind: 'stored' })
    const second = (await other.take('key', longMs))!
    expect(second.fence).toBeGreaterThan(first.fence)
    await first.release({ kind: 'stored' })
    expect(await first.extend(longMs)).toBe(false)
    expect(await one.take('key', longMs)).toBeUndefined()
  })

  test('wake everybody who waits, with what the holder said', async () => {
    const { one, other } = await open()
    for (const outcome of [{ kind: 'stored' }, { kind: 'failed', message: 'origin “down”' }] as const) {
      const lease = (await one.take('key', longMs))!
      expect(await other.take('key', longMs)).toBeUndefined()
      const waiting = [other, other, one].map(leases => leases.wait('key', Date.now() + longMs))
      await lease.release(outcome)
      expect(await Promise.all(waiting)).toEqual([outcome, outcome, outcome])
    }
  })

  test('wake also who began to wait without having been refused', async () => {
    const { one, other } = await open()
    const lease = (await one.take('key', longMs))!
    const waiting = other.wait('key', Date.now() + longMs)
    // It asks once in vain before the release: what it hears then is not the answer to its first question.
    expect(await other.take('another key', longMs)).toBeDefined()
    await lease.release({ kind: 'stored' })
    expect(await waiting).toEqual({ kind: 'stored' })
  })

  test('say whether they are held, to whoever asks', async () => {
    const { one, other } = await open()
    expect(await other.isHeld('key')).toBe(false)
    const lease = (await one.take('key', longMs))!
    expect([await one.isHeld('key'), await other.isHeld('key'), await other.isHeld('another')]).toEqual([
      true,
      true,
      false,
    ])
    await lease.release({ kind: 'stored' })
    expect(await other.isHeld('key')).toBe(false)
  })

  test('say how it ended also a moment after', async () => {
    const { one, other } = await open()
    const lease = (await one.take('key', longMs))!
    expect(await other.take('key', longMs)).toBeUndefined()
    await lease.release({ kind: 'failed', message: 'no' })
    expect(await other.wait('key', Date.now() + longMs)).toEqual({ kind: 'failed', message: 'no' })
  })

  test('are lost by a holder that is silent, and kept by one that extends them', async () => {
    const { one, other } = await open()
    // The lively one first: when the silent one is lost, its own first hold is over too.
    const lively = (await one.take('lively', shortMs))!
    expect(await lively.extend(longMs)).toBe(true)
    const silent = (await one.take('silent', shortMs))!
    expect(await other.wait('silent', Date.now() + longMs)).toEqual({ kind: 'lost' })
    const next = (await other.take('silent', longMs))!
    expect(next.fence).toBeGreaterThan(silent.fence)
    expect(await other.take('lively', longMs)).toBeUndefined()
    expect(await silent.extend(longMs)).toBe(false)
  })

  test('are waited for no longer than the caller wants', async () => {
    const { one, other } = await open()
    const lease = (await one.take('key', longMs))!
    expect(await other.wait('key', Date.now() + 20)).toEqual({ kind: 'lost' })
    await expect(other.wait('key', Date.now() + longMs, new Context(performance.now() + 20))).rejects.toMatchObject({
      code: 'FAULT_DEADLINE',
    })
    const leaving = new Context()
    const waiting = other.wait('key', Date.now() + longMs, leaving)
    leaving.cancel(new Error('left'))
    await expect(waiting).rejects.toThrow('left')
    await lease.release({ kind: 'lost' })
    expect(await other.wait('key', Date.now() + longMs)).toEqual({ kind: 'lost' })
  })
}
