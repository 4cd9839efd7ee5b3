/** What is known of one server of the set, and what is under way on it. */
import type { Queryable } from '../queryable.ts'
import { smoothed } from './choose.ts'
import { newcomer } from './health.ts'
import type { Health } from './health.ts'
import type { Lag } from './lag.ts'
import type { ReplayWatch } from './replay-watch.ts'

export class Server<Pool extends Queryable> {
  readonly name: string
  readonly pool: Pool
  readonly watch: ReplayWatch
  health: Health = newcomer
  /** Of a server that said it is a primary: which timeline it writes. */
  claimedTimeline: number | undefined
  /** What it has replayed, where it is a replica. Read while choosing, hence two plain numbers. */
  lsn = 0
  timeline = 0
  /** Told by the server itself; else `timeline` is that of the primary it was first seen under. */
  knowsTimeline = false
  lag: Lag = { bytes: 0, ms: 0 }
  serverVersion = 0
  inFlight = 0
  /** Before anything was measured: as of a server nearby. */
  latencyMs = 1
  statements = 0
  failures = 0

  constructor(name: string, pool: Pool, watch: (server: Server<Pool>) => ReplayWatch) {
    this.name = name
    this.pool = pool
    this.watch = watch(this)
  }

  get isReachable(): boolean {
    return this.health.serving
  }

  get isReplica(): boolean {
    return this.claimedTimeline === undefined
  }

  sawReplayed(lsn: number): void {
    if (Number.isNaN(lsn)) return
    this.lsn = lsn
    this.watch.reached(lsn)
  }

  /** After a broken connection the server may have been restarted, and then it is where its last checkpoint was. */
  forgetReplayed(): void {
    this.lsn = 0
  }

  async run<T>(work: (pool: Pool) => Promise<T>, now: () => number): Promise<T> {
    this.inFlight++
    this.statements++
    const startedMs = now()
    try {
      const answer = await work(this.pool)
      this.latencyMs = smoothed(this.latencyMs, now() - startedMs)
      if (this.health.failures > 0) this.health = { ...this.health, failures: 0 }
      return answer
    } finally {
      this.inFlight--
    }
  }
}
