/** What a bus of every store has to pass: run it with `describe('…', () => busContract(…))`. */
import { expect, test } from 'vitest'
import type { Invalidation, InvalidationBus } from '../tier.ts'
import { until } from './until.ts'

interface BusStand {
  /** As two processes would have it; `far` over a wire of its own. */
  readonly near: InvalidationBus
  readonly far: InvalidationBus
  /** Cuts the wire of `far`, and mends it. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** Ends every subscription and connection. */
  close(): Promise<void>
}

const message = (version: number): Invalidation => ({ keys: [`key ${version}`, 'ä\n"'], tags: ['tag'], version })

/**
 * @param open a bus on a store that has none
 * @param forget empties the store as a restart would, when it can
 */
export function busContract(open: () => Promise<BusStand>, forget?: () => Promise<void>): void {
  async function listening(bus: InvalidationBus) {
    const heard: Invalidation[] = []
    const gaps = { count: 0 }
    const stop = await bus.subscribe(
      invalidation => void heard.push(invalidation),
      () => void gaps.count++,
    )
    return { heard, gaps, stop }
  }

  test('tells everybody, who published it too, until they stop listening', async () => {
    const stand = await open()
    const [near, far] = [await listening(stand.near), await listening(stand.far)]
    await stand.near.publish(message(1))
    await until(() => near.heard.length === 1 && far.heard.length === 1)
    await stand.far.publish(message(2))
    await until(() => near.heard.length === 2 && far.heard.length === 2)
    expect(near.heard).toEqual([message(1), message(2)])
    expect(far.heard).toEqual([message(1), message(2)])
    await far.stop()
    await stand.near.publish(message(3))
    await until(() => near.heard.length === 3)
    expect([far.heard.length, near.gaps.count, far.gaps.count]).toEqual([2, 0, 0])
    await near.stop()
    await stand.close()
  })

  test('tells what was published during a cut after it, all of it or that there was a gap', async () => {
    const stand = await open()
    const far = await listening(stand.far)
    await stand.near.publish(message(1))
    await until(() => far.heard.length === 1)
    await stand.cut()
    for (let version = 2; version <= 50; version++) await stand.near.publish(message(version))
    expect(far.heard.length).toBe(1)
    await stand.mend()
    await until(() => far.gaps.count > 0 || far.heard.length >= 50)
    if (far.gaps.count === 0) expect(far.heard.map(({ version }) => version)).toEqual([...Array(51).keys()].slice(1))
    await far.stop()
    await stand.close()
  })

  test.skipIf(forget === undefined)('tells of a gap when the store has lost what it should tell', async () => {
    const stand = await open()
    const far = await listening(stand.far)
    await stand.near.publish(message(1))
    await until(() => far.heard.length === 1)
    await stand.cut()
    await stand.near.publish(message(2))
    await forget!()
    await stand.near.publish(message(3))
    await stand.mend()
    await until(() => far.gaps.count > 0)
    await stand.near.publish(message(4))
    await until(() => far.heard.some(({ version }) => version === 4))
    await far.stop()
    await stand.close()
  })
}
