/** A report of a warm-up and a measured step of five seconds with two routes, some slow answers, some errors, and a silent second. */
import type { LoadReport, LoadStep } from '@whetstone/model'
import { judgeThresholds } from '../../thresholds/judge.ts'
import { parseThreshold } from '../../thresholds/parse.ts'
import { answers, madeStep } from '../../thresholds/testing/made-step.ts'
import type { IntervalContext } from '../output.ts'

const items = 'GET /items/:id'

export function madeReport(thresholds: readonly string[] = [], change: Partial<LoadReport> = {}): LoadReport {
  const warmUp: LoadStep = {
    ...madeStep([[answers(40)], [answers(20)]]),
    purpose: 'warm-up',
    startedAt: '2026-11-21T11:59:58.000Z',
  }
  const measure = madeStep([
    [answers(10), answers(0.7, { route: items, count: 30 })],
    [answers(10, { count: 90 }), answers(2, { status: 404, count: 7 }), answers(1, { status: 503, count: 3 })],
    [],
    [answers(900), answers(0, { status: 0, count: 12 }), answers(0.7, { route: items, count: 30 })],
    [answers(10), answers(45_000, { count: 2 })],
  ])
  const judged = judgeThresholds(measure, thresholds.map(parseThreshold))
  return {
    schema: 'whetstone/load@1',
    kind: 'load',
    run: {
      id: '7f3a',
      startedAt: '2026-11-21T11:59:58.000Z',
      durationMs: 7000,
      command: 'whetstone load',
      tool: 'whetstone 0.1.0',
      node: 'v20.20.2',
      machine: '2 cores',
      seed: 1,
    },
    target: { name: 'shop', url: 'http://127.0.0.1:3000' },
    scenario: { name: 'browse, "then" buy', source: 'browse.load.ts' },
    steps: [warmUp, measure],
    thresholds: judged,
    stopped: 'finished',
    verdict: judged.some(({ state }) => state === 'broken') ? 'fail' : 'pass',
    exitCode: 0,
    warnings: [],
    ...change,
  }
}

export function contextIn(report: LoadReport, { purpose, startedAt }: LoadStep): IntervalContext {
  const { run, scenario, target } = report
  return { runId: run.id, scenario: scenario.name, target: target.name, purpose, stepStartedAt: startedAt }
}
