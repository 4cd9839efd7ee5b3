/** Waits until a replica has replayed so much: one question at a time serves all who wait, and each is woken when it is far enough. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Queryable } from '../queryable.ts'
import { formatLsn } from './position.ts'
import { replayedLsn } from './probe.ts'

export interface ReplayWatchOptions {
  readonly server: Queryable
  /** From 190000 the server itself waits. */
  readonly serverVersion: () => number
  /** Told each place that was read, which wakes those who wait for it. NaN: no replica any more. */
  readonly onReplayed: (lsn: number) => void
  readonly onFailure: (error: unknown) => void
  /** Beyond it nobody waits: default 1000. */
  readonly maxWaiters: number
}

interface Waiter {
  readonly lsn: number
  readonly wake: (reached: boolean) => void
}

/** Between two questions; replay follows its commit within half a millisecond at the median, nine at p99 (loopback). */
const firstPauseMs = 1
const longestPauseMs = 8
/** One who comes with a nearer place while the server waits for a farther one is delayed by no more. */
const serverWaitMs = 20
const waitForLsnSince = 190_000

export class ReplayWatch {
  readonly #options: ReplayWatchOptions
  readonly #waiters = new Set<Waiter>()
  #watching = false

  constructor(options: ReplayWatchOptions) {
    this.#options = options
  }

  /** @returns false when it was not reached in time, or cannot be */
  wait(lsn: number, timeoutMs: number): Promise<boolean> {
    if (timeoutMs <= 0 || this.#waiters.size >= this.#options.maxWaiters) return Promise.resolve(false)
    return new Promise(resolve => {
      const waiter: Waiter = {
        lsn,
        wake: reached => {
          clearTimeout(timer)
          this.#waiters.delete(waiter)
          resolve(reached)
        },
      }
      const timer = setTimeout(waiter.wake, timeoutMs, false)
      this.#waiters.add(waiter)
      if (!this.#watching) void this.#watch()
    })
  }

  /** Known from elsewhere, a probe for example. */
  reached(lsn: number): void {
    for (const waiter of this.#waiters) if (lsn >= waiter.lsn) waiter.wake(true)
  }

  async #watch(): Promise<void> {
    this.#watching = true
    let pauseMs = firstPauseMs
    try {
      while (this.#waiters.size > 0) {
        const lsn = await replayedLsn(this.#options.server)
        this.#options.onReplayed(lsn)
        if (Number.isNaN(lsn)) break
        this.reached(lsn)
        if (this.#waiters.size === 0) break
        if (this.#options.serverVersion() >= waitForLsnSince) await this.#serverWaits()
        else await delay(pauseMs)
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      }
    } catch (error) {
      this.#options.onFailure(error)
    } finally {
      this.#watching = false
      for (const waiter of this.#waiters) waiter.wake(false)
    }
  }

  /** PostgreSQL 19: https://www.postgresql.org/docs/19/sql-wait-for.html. It takes no parameters, and knows nothing of timelines. */
  async #serverWaits(): Promise<void> {
    const nearest = Math.min(...[...this.#waiters].map(({ lsn }) => lsn))
    const bounds = `MODE 'standby_replay', TIMEOUT '${serverWaitMs}ms', NO_THROW`
    await this.#options.server.query(`WAIT FOR LSN '${formatLsn(nearest)}' WITH (${bounds})`)
  }
}
