/** Keeps asking every server who it is and how far it has come, and so knows the primary, the lag of the others, and who is gone. */
import type { Queryable } from '../queryable.ts'
import { elect } from './election.ts'
import { tell } from './events.ts'
import { afterFailure, afterProbe } from './health.ts'
import type { Health, HealthBudget, Measured } from './health.ts'
import { WriteHistory } from './lag.ts'
import { probe } from './probe.ts'
import type { Probed } from './probe.ts'
import type { Server } from './server.ts'
import { within } from './within.ts'

export interface MonitorOptions extends HealthBudget {
  readonly cluster: string
  /** Default 250. */
  readonly probeIntervalMs: number
  /** While there is no primary, or it fails: default 50. */
  readonly searchIntervalMs: number
  /** Default 1000; a server whose pool has no connection free for so long counts as failing. */
  readonly probeTimeoutMs: number
  readonly now: () => number
  readonly random: () => number
}

/** A question that was given up may still hold a connection; more than these are not lost to a server that never answers. */
const maxHanging = 3

export class Monitor<Pool extends Queryable> {
  readonly servers: readonly Server<Pool>[]
  readonly #options: MonitorOptions
  readonly #history = new WriteHistory()
  readonly #timers = new Map<Server<Pool>, NodeJS.Timeout>()
  readonly #asking = new Map<Server<Pool>, Promise<void>>()
  readonly #hanging = new Map<Server<Pool>, number>()
  readonly ready: Promise<void>
  isReady = false
  primary: Server<Pool> | undefined
  /** Of the latest primary that was ever seen. */
  timeline = 0
  #closed = false

  constructor(servers: readonly Server<Pool>[], options: MonitorOptions) {
    this.servers = servers
    this.#options = options
    for (const server of servers) {
      // Where the pool tells of connections that broke while idle, that is the first news of a dead server.
      const pool = server.pool as { on?: (event: 'error', listener: (error: unknown) => void) => void }
      if (typeof pool.on === 'function') pool.on('error', () => this.#doubt(server))
    }
    this.ready = this.#begin()
  }

  /** A connection to `server` failed: it is asked at once, and so are the others when it was the primary. */
  failed(server: Server<Pool>): void {
    server.failures++
    server.forgetReplayed()
    this.#change(server, afterFailure(server.health, this.#options))
    this.#elect()
    void this.lookAgain(server === this.primary ? this.servers : [server])
  }

  /** One idle connection may have been ended for its age; a server that died says so when it is asked. */
  #doubt(server: Server<Pool>): void {
    server.forgetReplayed()
    void this.lookAgain([server])
  }

  /** Asks now and not at the next turn; a question under way is not repeated. */
  async lookAgain(servers: readonly Server<Pool>[] = this.servers): Promise<void> {
    if (!this.#closed) await Promise.all(servers.map(async server => await this.#turn(server)))
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  /** Nobody is elected before everybody was heard once: an old primary that still runs may be the first to answer. */
  async #begin(): Promise<void> {
    await Promise.all(this.servers.map(async server => await this.#turn(server)))
    this.isReady = true
    this.#elect()
    // Their lag could not be judged before it was known what the primary has written.
    if (this.primary !== undefined) await this.#turn(this.primary)
    await Promise.all(this.servers.filter(({ isReplica }) => isReplica).map(async server => await this.#turn(server)))
  }

  #turn(server: Server<Pool>): Promise<void> {
    const asking = this.#asking.get(server)
    if (asking !== undefined) return asking
    clearTimeout(this.#timers.get(server))
    const turn = this.#ask(server).finally(() => {
      this.#asking.delete(server)
      if (!this.#closed)
        this.#timers.set(server, setTimeout(() => void this.#turn(server), this.#pauseMs(server)).unref())
    })
    this.#asking.set(server, turn)
    return turn
  }

  /** Spread, so that the questions of many processes do not fall together. */
  #pauseMs(server: Server<Pool>): number {
    const { probeIntervalMs, searchIntervalMs, random } = this.#options
    const isDoubted = server.health.serving && server.health.failures > 0
    const hurries = isDoubted || !this.primary?.isReachable
    const intervalMs = hurries ? Math.min(searchIntervalMs, probeIntervalMs) : probeIntervalMs
    return intervalMs * (0.9 + 0.2 * random())
  }

  async #ask(server: Server<Pool>): Promise<void> {
    const hanging = this.#hanging.get(server) ?? 0
    try {
      if (hanging >= maxHanging) throw new Error(`${hanging} questions are unanswered`)
      const answer = await within(this.#options.probeTimeoutMs, async ctx => {
        const asked = probe(server.pool, ctx)
        this.#hanging.set(server, hanging + 1)
        void asked.then(...both(() => this.#hanging.set(server, (this.#hanging.get(server) ?? 1) - 1)))
        return await asked
      })
      if (!this.#closed) this.#heard(server, answer)
    } catch {
      if (this.#closed) return
      server.failures++
      server.forgetReplayed()
      this.#change(server, afterFailure(server.health, this.#options))
      this.#elect()
    }
  }

  #heard(server: Server<Pool>, answer: Probed): void {
    server.serverVersion = answer.serverVersion
    server.claimedTimeline = answer.isPrimary ? (answer.timeline ?? 0) : undefined
    if (answer.isPrimary) this.#change(server, afterProbe(server.health, upToDate, this.#options))
    this.#elect()
    if (answer.isPrimary && server === this.primary) this.#history.saw(this.#options.now(), answer.lsn)
    else if (!answer.isPrimary) this.#heardReplica(server, answer)
  }

  #heardReplica(server: Server<Pool>, answer: Probed): void {
    if (answer.timeline !== undefined) {
      server.timeline = answer.timeline
      server.knowsTimeline = true
    } else if (!server.knowsTimeline && server.timeline === 0) server.timeline = this.timeline
    const sameTimeline = server.timeline >= this.timeline
    server.lag = this.#history.lagOf(answer.lsn, this.#options.now(), answer.replayAgeMs)
    server.sawReplayed(answer.lsn)
    // One that has been heard before any primary is not judged: what would it be behind of?
    if (!this.isReady) return
    const measured = { lagMs: server.lag.ms, lagBytes: server.lag.bytes, sameTimeline }
    this.#change(server, afterProbe(server.health, measured, this.#options))
  }

  #change(server: Server<Pool>, health: Health): void {
    const before = server.health
    server.health = health
    const { cluster } = this.#options
    if (before.serving && !health.serving)
      tell(cluster, { kind: 'ejected', node: server.name, why: health.ejectedFor! })
    if (!before.serving && health.serving) tell(cluster, { kind: 'returned', node: server.name })
  }

  #elect(): void {
    if (!this.isReady) return
    const before = this.primary
    const elected = elect(this.servers, before, this.timeline)
    this.primary = elected
    if (elected !== undefined) this.timeline = elected.claimedTimeline!
    if (elected === before) return
    const { cluster } = this.#options
    if (elected === undefined) tell(cluster, { kind: 'primary-lost', node: before!.name })
    else tell(cluster, { kind: 'primary', node: elected.name, timeline: this.timeline })
  }
}

const upToDate: Measured = { lagMs: 0, lagBytes: 0, sameTimeline: true }

/** The same whether it went well or not. */
function both(run: () => void): [() => void, () => void] {
  return [run, run]
}
