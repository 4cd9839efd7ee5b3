/** Measures a service rung by rung, and makes sure that none of them changed an answer. */
import { run } from '@whetstone/load'
import type { LadderRung, LoadStep, SerializedHistogram } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

export interface RungText {
  readonly label: string
  /** As it would be typed. */
  readonly change: string
}

export interface RunningService {
  readonly port: number
  close(): Promise<void>
}

export interface ClimbLoad {
  readonly ratePerSecond: number
  readonly warmUpMs: number
  readonly durationMs: number
  readonly seed: number
}

/** What only some services can tell of a rung. */
export type RungFigures = Pick<LadderRung, 'queriesPerRequest' | 'statements'>

export interface ClimbOptions<Rung extends RungText, Service extends RunningService> {
  readonly rungs: readonly Rung[]
  /** Makes the change of the rung, and serves with it and all before it. */
  readonly start: (rung: Rung) => Promise<Service>
  readonly route: string
  /** Of the load, in turn. */
  readonly paths: readonly string[]
  /** Asked on every rung; the answers must be those of the first. */
  readonly comparedPaths: readonly string[]
  readonly load: ClimbLoad
  /** Asked once the rung was measured. */
  readonly look?: (service: Service) => Promise<RungFigures>
  readonly onRung?: (rung: LadderRung) => void
}

/** @throws Error when a rung changed an answer, or when a request failed */
export async function climb<Rung extends RungText, Service extends RunningService>(
  options: ClimbOptions<Rung, Service>,
): Promise<readonly LadderRung[]> {
  const climbed: LadderRung[] = []
  let expected: readonly string[] | undefined
  for (const rung of options.rungs) {
    const service = await options.start(rung)
    try {
      const answers = await answersOf(service.port, options.comparedPaths)
      expected ??= answers
      if (answers.join('\n') !== expected.join('\n')) throw new Error(`the rung '${rung.label}' changed an answer`)
      const step = await measure(service.port, options)
      const measured = { ...rungOf(rung, step), ...(await options.look?.(service)) }
      climbed.push(measured)
      options.onRung?.(measured)
    } finally {
      await service.close()
    }
  }
  return climbed
}

async function answersOf(port: number, paths: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    paths.map(async path => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`)
      if (answer.status >= 500) throw new Error(`${path} was answered with ${answer.status}`)
      return `${answer.status} ${await answer.text()}`
    }),
  )
}

async function measure(
  port: number,
  { route, paths, load }: Pick<ClimbOptions<RungText, RunningService>, 'route' | 'paths' | 'load'>,
): Promise<LoadStep> {
  const requests = paths.map(path => ({ method: 'GET', path, headers: {} }))
  const { measure: step } = await run({
    target: { host: '127.0.0.1', port },
    routes: [{ route, weight: 1, requests }],
    ...load,
    arrivals: 'poisson',
    maxConnections: 64,
    timeoutMs: 10_000,
  })
  if (step.errors > 0) throw new Error(`${step.errors} requests failed: ${JSON.stringify(step.errorsByKind)}`)
  return step
}

function rungOf({ label, change }: RungText, { overall, generator, completed }: LoadStep): LadderRung {
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
