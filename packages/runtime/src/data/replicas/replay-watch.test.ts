import { describe, expect, it } from 'vitest'
import type { Queryable } from '../queryable.ts'
import { formatLsn, parseLsn } from './position.ts'
import { ReplayWatch } from './replay-watch.ts'

/** A replica whose replay is set by hand; `WAIT FOR LSN` replays up to what is waited for. */
function replica(serverVersion: number) {
  const state = { lsn: 0, isReplica: true, fails: false, texts: [] as string[], underWay: 0, mostUnderWay: 0 }
  const server = {
    async query(text: string) {
      state.texts.push(text)
      state.mostUnderWay = Math.max(state.mostUnderWay, ++state.underWay)
      await Promise.resolve()
      state.underWay--
      if (state.fails) throw new Error('gone')
      const waited = /^WAIT FOR LSN '([^']+)'/.exec(text)
      if (waited) state.lsn = parseLsn(waited[1]!)
      return { rows: [{ lsn: state.isReplica ? formatLsn(state.lsn) : null }] }
    },
  } as unknown as Queryable
  const failures: unknown[] = []
  const watch = new ReplayWatch({
    server,
    serverVersion: () => serverVersion,
    onReplayed: () => undefined,
    onFailure: error => failures.push(error),
    maxWaiters: 3,
  })
  return { state, watch, failures }
}

describe('waiting for a replay', () => {
  it('wakes each waiter when its place is reached, by one question at a time', async () => {
    const { state, watch } = replica(180_004)
    const waits = [watch.wait(10, 20_000), watch.wait(20, 20_000)]
    state.lsn = 15
    expect(await waits[0]).toBe(true)
    state.lsn = 20
    expect(await waits[1]).toBe(true)
    expect(state.mostUnderWay).toBe(1)
    expect(state.texts.some(text => text.startsWith('WAIT'))).toBe(false)
  })

  it('ends with false at its bound, and then nobody is asked any more', async () => {
    const { state, watch } = replica(180_004)
    expect(await watch.wait(10, 5)).toBe(false)
    await expect.poll(() => state.underWay).toBe(0)
    expect(await watch.wait(10, 0)).toBe(false)
  })

  it('lets PostgreSQL 19 wait itself, for the nearest place', async () => {
    const { state, watch } = replica(190_000)
    const waits = [watch.wait(0x30, 20_000), watch.wait(0x20, 20_000)]
    expect(await Promise.all(waits)).toEqual([true, true])
    expect(state.texts.filter(text => text.startsWith('WAIT'))).toEqual([
      `WAIT FOR LSN '0/20' WITH (MODE 'standby_replay', TIMEOUT '20ms', NO_THROW)`,
      `WAIT FOR LSN '0/30' WITH (MODE 'standby_replay', TIMEOUT '20ms', NO_THROW)`,
    ])
  })

  it('takes no more waiters than it may', async () => {
    const { state, watch } = replica(180_004)
    const waits = [1, 2, 3].map(async lsn => await watch.wait(lsn, 20_000))
    expect(await watch.wait(4, 20_000)).toBe(false)
    state.lsn = 3
    expect(await Promise.all(waits)).toEqual([true, true, true])
  })

  it('sends everybody away when the server fails or was promoted', async () => {
    const failing = replica(180_004)
    failing.state.fails = true
    expect(await failing.watch.wait(1, 20_000)).toBe(false)
    expect(failing.failures).toHaveLength(1)
    const promoted = replica(180_004)
    promoted.state.isReplica = false
    expect(await promoted.watch.wait(1, 20_000)).toBe(false)
    expect(promoted.failures).toHaveLength(0)
  })
})
