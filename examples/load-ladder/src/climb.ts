/** Measures the service rung by rung, and makes sure that none of them changed an answer. */
import { run } from '@whetstone/load'
import type { LadderRung, LoadStep, PlannedRequest, SerializedHistogram } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { type Amounts, fill, settle } from './database.ts'
import type { Rung } from './rungs.ts'
import { startService } from './service.ts'

export interface ClimbOptions {
  readonly databaseUrl: string
  readonly rungs: readonly Rung[]
  readonly amounts: Amounts
  readonly ratePerSecond: number
  readonly warmUpMs: number
  readonly durationMs: number
  readonly seed: number
  readonly onRung?: (rung: LadderRung) => void
}

export async function climb(options: ClimbOptions): Promise<readonly LadderRung[]> {
  await fill(options.databaseUrl, options.amounts)
  const climbed: LadderRung[] = []
  let cacheMs = 0
  let expected: readonly string[] | undefined
  for (const rung of options.rungs) {
    if (rung.sql) await settle(options.databaseUrl, rung.sql)
    cacheMs = rung.cacheMs ?? cacheMs
    const service = await startService({ databaseUrl: options.databaseUrl, cacheMs })
    try {
      const answers = await someAnswers(service.port, options.amounts)
      expected ??= answers
      if (answers.join('\n') !== expected.join('\n')) throw new Error(`the rung '${rung.label}' changed an answer`)
      const measured = rungOf(rung, await measure(service.port, options))
      climbed.push(measured)
      options.onRung?.(measured)
    } finally {
      await service.close()
    }
  }
  return climbed
}

async function measure(port: number, options: ClimbOptions): Promise<LoadStep> {
  const { measure: step } = await run({
    target: { host: '127.0.0.1', port },
    routes: [{ route: 'GET /customers/:id/orders', weight: 1, requests: requestsFor(options.amounts) }],
    ratePerSecond: options.ratePerSecond,
    durationMs: options.durationMs,
    warmUpMs: options.warmUpMs,
    arrivals: 'poisson',
    seed: options.seed,
    maxConnections: 64,
    timeoutMs: 10_000,
  })
  if (step.errors > 0) throw new Error(`${step.errors} requests failed: ${JSON.stringify(step.errorsByKind)}`)
  return step
}

/** Drawn evenly, of which the first half come back often: what a cache lives on. */
const different = 400

function requestsFor({ customers }: Amounts): readonly PlannedRequest[] {
  const half = different / 2
  const often = Array.from({ length: half }, (_, at) => 1 + (at % 20))
  const seldom = Array.from({ length: half }, (_, at) => 1 + Math.floor((at * customers) / half))
  return [...often, ...seldom].map(id => ({ method: 'GET', path: `/customers/${id}/orders`, headers: {} }))
}

async function someAnswers(port: number, { customers }: Amounts): Promise<readonly string[]> {
  const ids = [1, 2, 3, Math.floor(customers / 2), customers, customers + 1]
  return Promise.all(ids.map(async id => (await fetch(`http://127.0.0.1:${port}/customers/${id}/orders`)).text()))
}

function rungOf({ label, change }: Rung, { overall, generator, completed }: LoadStep): LadderRung {
  return {
    label,
    change,
    p50Ms: quantileMs(overall.response, 0.5),
    p95Ms: quantileMs(overall.response, 0.95),
    p99Ms: quantileMs(overall.response, 0.99),
    requests: completed,
    generator: generator.verdict,
  }
}

function quantileMs(saved: SerializedHistogram, q: number): number {
  return Histogram.fromJSON(saved).quantile(q) / 1_000
}
