/** The plan that the flags of a load test describe, refused where it would send more than the user allowed. */
import { resolve } from 'node:path'
import { type LoadPlan, parseShape, peakRatePerSecond } from '@whetstone/load'
import { type LoadThreshold, numberText, WhetstoneError } from '@whetstone/model'
import { type LoadOptions, refusals } from './load-options.ts'
import type { LoadService } from './load-service.ts'
import { replayShape } from './replay-shape.ts'

export function loadPlan(
  service: Pick<LoadService, 'target' | 'routes'>,
  options: LoadOptions,
  thresholds: readonly LoadThreshold[],
): LoadPlan {
  const { rate: ratePerSecond, duration: durationMs, users } = options
  const shape = shapeOf(options)
  return {
    target: service.target,
    routes: service.routes,
    ...(options.scenario === undefined ? {} : { scenario: scenarioReference(options.scenario) }),
    ratePerSecond,
    ...(shape === undefined ? {} : { shape }),
    durationMs,
    warmUpMs: options.warmUp,
    arrivals: options.arrivals,
    ...(users === undefined ? {} : { closed: { users } }),
    seed: options.seed,
    maxConnections: Math.max(options.connections, users ?? 0),
    timeoutMs: options.timeout,
    pacing: options.pacing,
    ...(options.requestsPerConnection === undefined
      ? {}
      : { connections: { requestsPerConnection: options.requestsPerConnection } }),
    ...(options.traceEvery === undefined ? {} : { traceEvery: options.traceEvery }),
    thresholds,
  }
}

function shapeOf({ shape }: LoadOptions): LoadPlan['shape'] {
  return shape === undefined ? undefined : (replayShape(shape) ?? parseShape(shape))
}

/** Before anything is started. @throws WhetstoneError WHET_FLAG when the highest rate would be above `--max-rate` */
export function assertAllowed(options: LoadOptions): void {
  if (options.users !== undefined) return
  assertBelow(peakRatePerSecond(options.rate, shapeOf(options), options.duration), options.maxRate)
}

/** @throws WhetstoneError WHET_FLAG naming the flags that this kind of test cannot be combined with */
export function assertFits(kind: keyof typeof refusals, options: LoadOptions): void {
  const { why, flags } = refusals[kind]
  const given = flags.filter(flag =>
    Array.isArray(options[flag]) ? options[flag].length > 0 : options[flag] !== undefined,
  )
  if (given.length === 0) return
  throw new WhetstoneError('WHET_FLAG', `${why}; --${given.join(', --')} cannot go with it`, {
    hint: 'whetstone load takes it, for a load of one shape',
  })
}

/** `checkout.ts`, or `checkout.ts#browse` where it holds several. */
export function scenarioReference(text: string): NonNullable<LoadPlan['scenario']> {
  const [file = text, name] = text.split('#')
  return { file: resolve(file), ...(name === undefined ? {} : { name }) }
}

/** @throws WhetstoneError WHET_FLAG */
export function assertBelow(ratePerSecond: number, maxRate: number): void {
  if (ratePerSecond <= maxRate) return
  throw new WhetstoneError(
    'WHET_FLAG',
    `it would send up to ${numberText(ratePerSecond)} requests a second, and --max-rate is ${numberText(maxRate)}`,
    { hint: `If the service may be loaded like that: --max-rate ${Math.ceil(ratePerSecond)}` },
  )
}
