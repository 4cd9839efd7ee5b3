/** What a set of replicas has done so far and how it stands: for a metrics page and for tests. */
import type { Queryable } from '../queryable.ts'
import type { RoutedFor } from './events.ts'
import type { EjectedFor } from './health.ts'
import type { Server } from './server.ts'

/** Since the start. Reads are counted by why they went where they went. */
export interface ReplicaCounters extends Record<RoutedFor, number> {
  /** Work for the primary. */
  primary: number
  /** Refused, because too many reads were on the primary already. */
  shed: number
  /** Reads that ran again elsewhere after a server failed. */
  retried: number
  waits: number
  waitsInVain: number
  /** Reads that turned out to write, and went to the primary. */
  refusedAsWrites: number
  tokensRefused: number
}

export interface ServerState {
  readonly name: string
  /** `fenced`: it claims to be the primary, and another one was promoted after it. */
  readonly role: 'primary' | 'replica' | 'fenced'
  readonly serving: boolean
  readonly ejectedFor: EjectedFor | undefined
  readonly lagMs: number
  readonly lagBytes: number
  readonly inFlight: number
  readonly latencyMs: number
  readonly statements: number
  readonly failures: number
}

export interface ReplicaSetState {
  /** Name of the server that takes writes. */
  readonly primary: string | undefined
  readonly servers: readonly ServerState[]
  readonly counters: Readonly<ReplicaCounters>
  /** Reads under way on the primary for want of a replica. */
  readonly diverted: number
}

export function noCounts(): ReplicaCounters {
  return {
    replica: 0,
    shared: 0,
    'caught-up': 0,
    behind: 0,
    panic: 0,
    stale: 0,
    primary: 0,
    shed: 0,
    retried: 0,
    waits: 0,
    waitsInVain: 0,
    refusedAsWrites: 0,
    tokensRefused: 0,
  }
}

export function stateOf<Pool extends Queryable>(
  servers: readonly Server<Pool>[],
  primary: Server<Pool> | undefined,
  counters: ReplicaCounters,
  diverted: number,
): ReplicaSetState {
  return {
    primary: primary?.name,
    servers: servers.map(server => ({
      name: server.name,
      role: server === primary ? 'primary' : server.isReplica ? 'replica' : 'fenced',
      serving: server.health.serving,
      ejectedFor: server.health.ejectedFor,
      lagMs: server.lag.ms,
      lagBytes: server.lag.bytes,
      inFlight: server.inFlight,
      latencyMs: server.latencyMs,
      statements: server.statements,
      failures: server.failures,
    })),
    counters: { ...counters },
    diverted,
  }
}
