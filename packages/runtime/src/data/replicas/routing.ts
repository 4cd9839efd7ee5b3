/** Where a read goes: a replica that has what it must find, one that is about to, the primary, and when that is gone what is left. */
import type { Ctx } from '../../context.ts'
import type { Queryable } from '../queryable.ts'
import { choose } from './choose.ts'
import type { ReplicaCounters } from './counters.ts'
import type { RoutedFor } from './events.ts'
import type { Monitor } from './monitor.ts'
import { beyondReach, covers } from './position.ts'
import type { Position } from './position.ts'
import type { Server } from './server.ts'

export interface Route<Pool extends Queryable> {
  readonly server: Server<Pool>
  readonly why: RoutedFor
}

export interface Wish<Pool extends Queryable> {
  /** What must have been replayed. */
  readonly wanted: Position | undefined
  readonly allowStale: boolean
  /** Servers that failed this read already. */
  readonly tried: ReadonlySet<Server<Pool>>
  readonly ctx: Ctx | undefined
}

export interface RoutingOptions {
  readonly waitMs: number
  readonly readsOnPrimary: boolean
  readonly random: () => number
}

export class Routing<Pool extends Queryable> {
  readonly #monitor: Monitor<Pool>
  readonly #options: RoutingOptions
  readonly #counters: ReplicaCounters

  constructor(monitor: Monitor<Pool>, options: RoutingOptions, counters: ReplicaCounters) {
    this.#monitor = monitor
    this.#options = options
    this.#counters = counters
  }

  /** A server that has it all now. */
  upToDate(wish: Wish<Pool>): Route<Pool> | undefined {
    const { wanted, tried } = wish
    const candidates = this.#serving(tried).filter(server => wanted === undefined || covers(server, wanted))
    const primary = this.#options.readsOnPrimary ? this.#primaryFor(wish) : undefined
    if (primary?.isReachable) candidates.push(primary)
    const server = choose(candidates, this.#options.random)
    return server && { server, why: server === primary ? 'shared' : 'replica' }
  }

  /** Waits for a replica that is about to have it; one known to be farther behind than the wait is not waited for. */
  async caughtUp({ wanted, tried, ctx }: Wish<Pool>): Promise<Route<Pool> | undefined> {
    if (wanted === undefined || wanted === beyondReach) return undefined
    const waitMs = Math.min(this.#options.waitMs, (ctx?.deadlineMs ?? Infinity) - performance.now())
    const near = this.#serving(tried).filter(({ timeline, lag }) => timeline >= wanted.timeline && lag.ms <= waitMs)
    const server = choose(near, this.#options.random)
    if (server === undefined) return undefined
    this.#counters.waits++
    if ((await server.watch.wait(wanted.lsn, waitMs)) && covers(server, wanted)) return { server, why: 'caught-up' }
    this.#counters.waitsInVain++
    return undefined
  }

  /** A primary that failed lately is taken only when nothing else is allowed: then its own error tells the caller. */
  otherwise(wish: Wish<Pool>): Route<Pool> | undefined {
    const primary = this.#primaryFor(wish)
    if (primary?.isReachable !== true && wish.allowStale) {
      const left = this.#monitor.servers.filter(server => server.isReplica && !wish.tried.has(server))
      const [least] = left.sort((one, other) => other.lsn - one.lsn)
      if (least !== undefined) return { server: least, why: 'stale' }
    }
    return primary && { server: primary, why: this.#serving().length > 0 ? 'behind' : 'panic' }
  }

  /** Not one that was the primary before the wanted write was made on its successor. */
  #primaryFor({ wanted, tried }: Wish<Pool>): Server<Pool> | undefined {
    const { primary, timeline } = this.#monitor
    return primary === undefined || tried.has(primary) || (wanted?.timeline ?? 0) > timeline ? undefined : primary
  }

  #serving(tried?: ReadonlySet<Server<Pool>>): Server<Pool>[] {
    return this.#monitor.servers.filter(server => server.isReplica && server.health.serving && !tried?.has(server))
  }
}
