/** What to send, how fast and for how long: plain data, so that it can cross to the load process and be stored with a run. */
import { WhetstoneError } from '@whetstone/model'
import type { PlannedRoute } from '@whetstone/model'

export interface LoadTarget {
  readonly host: string
  readonly port: number
}

export interface LoadPlan {
  readonly target: LoadTarget
  readonly routes: readonly PlannedRoute[]
  readonly ratePerSecond: number
  /** Length of the measured part; the warm-up comes before it. */
  readonly durationMs: number
  /** Sent at the same rate and reported apart. 0 for none. */
  readonly warmUpMs: number
  readonly arrivals: 'uniform' | 'poisson'
  readonly seed: number
  /** Connections are opened on demand up to this many; further requests wait, and that wait counts in their response time. */
  readonly maxConnections: number
  /** From the actual send to the last byte; a request waiting longer than this for a connection is given up unsent. */
  readonly timeoutMs: number
  /** `precise` keeps a helper thread for send times within 0.1 ms; `timer` is good to 1 ms and cheaper. Default `precise`. */
  readonly pacing?: 'precise' | 'timer'
}

/** A rate above this is a typing error: one Node engine on one core reaches about 60,000 a second. */
const MAX_RATE_PER_SECOND = 200_000
const MAX_CONNECTIONS = 10_000

/** Throws `WHET_LOAD_PLAN` naming the field that cannot be carried out. */
export function checkPlan(plan: LoadPlan): void {
  within('ratePerSecond', plan.ratePerSecond, 0.001, MAX_RATE_PER_SECOND)
  within('durationMs', plan.durationMs, 1, 86_400_000)
  within('warmUpMs', plan.warmUpMs, 0, 86_400_000)
  within('maxConnections', plan.maxConnections, 1, MAX_CONNECTIONS)
  within('timeoutMs', plan.timeoutMs, 1, 3_600_000)
  within('target.port', plan.target.port, 1, 65_535)
  for (const route of plan.routes) within(`weight of ${route.route}`, route.weight, 0, Number.MAX_VALUE)
  if (!plan.routes.some(route => route.weight > 0 && route.requests.length > 0)) {
    throw new WhetstoneError('WHET_LOAD_PLAN', 'the load plan has no request to send', {
      hint: "give a route, for example --route 'GET /orders'",
    })
  }
}

/** Host and port of an http URL. Throws `WHET_LOAD_HTTPS` for https, which the engine does not speak yet. */
export function loadTarget(url: URL): LoadTarget {
  if (url.protocol !== 'http:') {
    throw new WhetstoneError(
      'WHET_LOAD_HTTPS',
      `the load engine speaks http, not ${url.protocol.slice(0, -1)} (${url.origin})`,
      {
        hint: 'give the address of the service behind the TLS proxy, for example http://127.0.0.1:3000',
      },
    )
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 80 : Number(url.port) }
}

function within(field: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    throw new WhetstoneError('WHET_LOAD_PLAN', `${field} is ${value}; it must lie between ${low} and ${high}`)
  }
}
