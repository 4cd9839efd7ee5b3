/** The load tests that were kept of a service, in the few figures that a later run judges by. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadPoint } from '@whetstone/load'
import type { CurvePoint, EarlierLoad, LoadConditions, LoadReport, LoadStep } from '@whetstone/model'
import { quantileMs } from './quantiles.ts'

/** As many as are worth comparing with; each is a file to read. */
const mostLoads = 20

/**
 * Oldest first. What cannot be read is passed over: a note beside the runs must not stop the next run.
 * @param base the `.whetstone` folder
 */
export async function earlierLoads(base: string, target: string): Promise<readonly EarlierLoad[]> {
  const folder = join(base, 'loads')
  const ids = (await readdir(folder).catch(() => [] as string[])).toSorted()
  const loads: EarlierLoad[] = []
  for (const id of ids.slice(-5 * mostLoads)) {
    const report = await readFile(join(folder, id, 'load.json'), 'utf8').then(parse, () => undefined)
    if (report?.schema !== 'whetstone/load@1' || !Array.isArray(report.steps)) continue
    if (report.target.name === target) loads.push(summaryOf(report))
  }
  return loads.slice(-mostLoads)
}

function parse(text: string): LoadReport | undefined {
  try {
    return JSON.parse(text) as LoadReport
  } catch {
    return undefined
  }
}

function summaryOf(report: LoadReport): EarlierLoad {
  const { run, kind, verdict, target, steps, capacity, stress, soak } = report
  return {
    id: run.id,
    startedAt: run.startedAt,
    kind,
    verdict: isLate(report) ? 'invalid' : verdict,
    durationMs: run.durationMs,
    conditions: conditionsOf(report),
    ...measuredOf(steps.findLast(({ purpose }) => purpose === 'measure')),
    ...(stress
      ? {
          stress: {
            ...stress,
            generator: steps.findLast(({ purpose }) => purpose === 'recovery')?.generator.verdict ?? 'healthy',
          },
          curve: steps
            .filter(({ purpose, generator }) => purpose === 'curve' && generator.verdict !== 'invalid')
            .map(pointOf),
        }
      : {}),
    ...(target.processes === undefined ? {} : { processes: target.processes }),
    ...(target.cpuBusyFraction === undefined ? {} : { cpuBusyFraction: target.cpuBusyFraction }),
    ...(capacity
      ? {
          capacity: {
            outcome: capacity.outcome,
            objective: capacity.objective.map(({ text }) => text),
            ...(capacity.ratePerSecond ? { ratePerSecond: capacity.ratePerSecond } : {}),
            ...(capacity.usl ? { usl: capacity.usl } : {}),
          },
          curve: capacity.trials.flatMap(({ step }) => (steps[step] ? [pointOf(steps[step])] : [])),
        }
      : {}),
    ...(soak ? { trends: soak.trends.map(({ points: _points, ...trend }) => trend) } : {}),
  }
}

/** Its limits may have been judged all the same; its figures are no evidence. */
function isLate({ verdict, steps }: LoadReport): boolean {
  const measured = steps.findLast(({ purpose }) => purpose === 'measure')
  return verdict !== 'aborted' && measured?.generator.verdict === 'invalid'
}

function conditionsOf({ scenario, run, steps }: LoadReport): LoadConditions {
  const routes = new Set(steps.flatMap(step => step.routes.map(({ route }) => route)))
  return {
    scenario: scenario.source,
    ...(scenario.source === 'requests' ? { routes: [...routes].toSorted() } : {}),
    machine: run.machine,
  }
}

function measuredOf(step: LoadStep | undefined): Pick<EarlierLoad, 'measured'> {
  if (!step) return {}
  const { arrivals, offeredRatePerSecond: offeredPerSecond, durationMs, overall } = step
  const { requests, errors, response } = overall
  const p95 = response.count > 0 ? { p95Ms: quantileMs(response, 0.95) } : {}
  return { measured: { arrivals, offeredPerSecond, durationMs, requests, errors, ...p95 } }
}

function pointOf(step: LoadStep): CurvePoint {
  const { concurrency, throughput } = loadPoint(step)
  const { response } = step.overall
  return {
    concurrency,
    ratePerSecond: throughput,
    offeredPerSecond: step.offeredRatePerSecond,
    ...(response.count > 0 ? { p99Ms: quantileMs(response, 0.99) } : {}),
  }
}
