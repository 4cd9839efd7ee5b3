/** What to send, how fast and for how long: plain data, so that it can cross to the load process and be stored with a run. */
import { WhetstoneError } from '@whetstone/model'
import type { LoadStep, LoadThreshold, PlannedRoute } from '@whetstone/model'
import type { RateShape } from './arrivals/shape.ts'
import { checkShape, MAX_RATE_PER_SECOND } from './arrivals/shape.ts'

export interface LoadTarget {
  readonly host: string
  readonly port: number
  /** Default `http`. `h2` is HTTP/2 over TLS, `h2c` HTTP/2 in the clear with prior knowledge. */
  readonly protocol?: 'http' | 'https' | 'h2' | 'h2c'
  /** A unix socket to connect to; host and port then only name the service. */
  readonly socketPath?: string
  readonly tls?: TlsSettings
}

export interface TlsSettings {
  /** PEM of an authority to trust beside the system's. */
  readonly ca?: string
  /** PEM of the client certificate and its key. */
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
  /** Accept any certificate. */
  readonly insecure?: boolean
}

/** Whether connections are used again. */
export interface ConnectionPolicy {
  /** Requests a connection carries before it is closed: 1 opens one for each request, Infinity (the default) keeps it. */
  readonly requestsPerConnection: number
}

/** A scenario file: its functions cannot cross to another process, so every worker reads it itself. */
export interface ScenarioReference {
  /** Absolute path. */
  readonly file: string
  /** Which export; default `default`. */
  readonly name?: string
}

export interface LoadPlan {
  readonly target: LoadTarget
  /** Stateless requests by weight; empty when there is a scenario. */
  readonly routes: readonly PlannedRoute[]
  readonly scenario?: ScenarioReference
  /** Of the open model; the mean rate where a shape moves it. */
  readonly ratePerSecond: number
  /** How the rate moves over `durationMs`; absent: constant. */
  readonly shape?: RateShape
  /** Length of the measured part; the warm-up comes before it. */
  readonly durationMs: number
  /** Sent at the rate the measured part begins with and reported apart. 0 for none. */
  readonly warmUpMs: number
  readonly arrivals: 'uniform' | 'poisson'
  /** The closed model, on request only: so many users, each waiting for its answer. `ratePerSecond` is then ignored. */
  readonly closed?: { readonly users: number }
  readonly seed: number
  /** Connections are opened on demand up to this many; further requests wait, and that wait counts in their response time. */
  readonly maxConnections: number
  readonly connections?: ConnectionPolicy
  /** From the actual send to the last byte; a request waiting longer than this for a connection is given up unsent. */
  readonly timeoutMs: number
  /**
   * `precise` keeps a helper thread for send times within 0.1 ms; `timer` is good to 1 ms and cheaper; `spin` burns a core
   * for send times within microseconds. Default `precise`.
   */
  readonly pacing?: 'precise' | 'timer' | 'spin'
  /** This worker sends the global arrivals i with i mod `of` equal to `index`; default all of them. */
  readonly segment?: { readonly index: number; readonly of: number }
  /** One request in so many carries a sampled `traceparent`; 0 or absent: none. */
  readonly traceEvery?: number
  /** Limits judged while it runs; one that says `abort` ends it. */
  readonly thresholds?: readonly LoadThreshold[]
  /** What the measured step is called in the record. Default `measure`. */
  readonly purpose?: LoadStep['purpose']
}

const MAX_CONNECTIONS = 10_000
const MAX_USERS = 10_000
const MAX_WORKERS = 1_000

/** Throws `WHET_LOAD_PLAN` naming the field that cannot be carried out. */
export function checkPlan(plan: LoadPlan): void {
  if (plan.closed === undefined) within('ratePerSecond', plan.ratePerSecond, 0.001, MAX_RATE_PER_SECOND)
  else within('closed.users', plan.closed.users, 1, MAX_USERS)
  within('durationMs', plan.durationMs, 1, 86_400_000)
  within('warmUpMs', plan.warmUpMs, 0, 86_400_000)
  within('maxConnections', plan.maxConnections, 1, MAX_CONNECTIONS)
  within('timeoutMs', plan.timeoutMs, 1, 3_600_000)
  if (plan.target.socketPath === undefined) within('target.port', plan.target.port, 1, 65_535)
  if (plan.connections)
    within('connections.requestsPerConnection', plan.connections.requestsPerConnection, 1, Number.POSITIVE_INFINITY)
  if (plan.segment) {
    within('segment.of', plan.segment.of, 1, MAX_WORKERS)
    within('segment.index', plan.segment.index, 0, plan.segment.of - 1)
  }
  if (plan.shape) checkShape(plan.shape)
  for (const route of plan.routes) within(`weight of ${route.route}`, route.weight, 0, Number.MAX_VALUE)
  if (plan.scenario === undefined && !plan.routes.some(route => route.weight > 0 && route.requests.length > 0)) {
    throw new WhetstoneError('WHET_LOAD_PLAN', 'the load plan has no request to send', {
      hint: "give a route, for example --route 'GET /orders'",
    })
  }
}

/** Host, port and protocol of an http or https URL, or the socket of `http://unix:/path/to.sock:`. Throws `WHET_LOAD_PROTOCOL` for any other. */
export function loadTarget(url: URL): LoadTarget {
  const protocol = url.protocol.slice(0, -1)
  if (protocol !== 'http' && protocol !== 'https') {
    throw new WhetstoneError(
      'WHET_LOAD_PROTOCOL',
      `the load engine speaks http and https, not ${protocol} (${url.href})`,
      {
        hint: 'give an address such as http://127.0.0.1:3000',
      },
    )
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (protocol === 'https' ? 443 : 80) : Number(url.port),
    ...(protocol === 'https' ? { protocol } : {}),
  }
}

/** The `Host` of a request: without the port where it is the protocol's own (RFC 9110, 7.2). */
export function hostHeader({ host, port, protocol }: LoadTarget): string {
  const name = host.includes(':') ? `[${host}]` : host
  const standard = protocol === 'https' || protocol === 'h2' ? 443 : 80
  return port === standard ? name : `${name}:${port}`
}

function within(field: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    throw new WhetstoneError('WHET_LOAD_PLAN', `${field} is ${value}; it must lie between ${low} and ${high}`)
  }
}
