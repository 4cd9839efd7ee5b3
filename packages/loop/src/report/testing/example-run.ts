/** A run of one route for tables of cases: what it answered, and what was found. */
import type { Evidence, Finding, LoadStep, RankedFinding, RouteLoad, RunInfo } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { assembleReport, type AssembleInput } from '../assemble.ts'

/** `answers` good answers of 10, 20 … 1,000 ms over and over, and `errors` on top. */
export function routeLoad(route: string, answers: number, errors = 0): RouteLoad {
  const histogram = new Histogram()
  for (let at = 0; at < answers; at++) histogram.record(((at % 100) + 1) * 10_000)
  const response = histogram.toJSON()
  return {
    route,
    requests: answers + errors,
    errors,
    response,
    service: response,
    statusCounts: { 200: answers },
    meanBodyBytes: 100,
    maxBodyBytes: 100,
  }
}

export function stepOf(routes: readonly RouteLoad[], purpose: LoadStep['purpose'] = 'measure'): LoadStep {
  const overall = new Histogram()
  for (const { response } of routes) overall.merge(Histogram.fromJSON(response))
  const [requests, errors] = [total(routes, 'requests'), total(routes, 'errors')]
  return {
    purpose,
    startedAt: '2026-01-01T00:00:00Z',
    offeredRatePerSecond: 50,
    achievedRatePerSecond: 50,
    durationMs: 10_000,
    arrivals: 'poisson',
    sent: requests,
    completed: requests - errors,
    errors,
    errorsByKind: {},
    routes,
    overall: { requests, errors, response: overall.toJSON(), service: overall.toJSON() },
    intervals: [],
    generator: { verdict: 'healthy', reasons: [], lagP50Ms: 0, lagP99Ms: 0, lagMaxMs: 0, cpuFraction: 0 },
  }
}

export function evidenceOf(...routes: readonly RouteLoad[]): Evidence {
  return { 'load-curve': { schema: 'load-curve@1', steps: [stepOf(routes)] } }
}

export const exampleRun: RunInfo = {
  id: 'r1',
  startedAt: '2026-01-01T00:00:00Z',
  durationMs: 1,
  command: 'whetstone diagnose',
  tool: 'whetstone test',
  node: 'v20',
  machine: 'test',
  seed: 1,
}

export function reportOf(input: Partial<AssembleInput>): ReturnType<typeof assembleReport> {
  return assembleReport({
    run: exampleRun,
    target: { name: 'server.js', url: 'http://127.0.0.1:1' },
    evidence: {},
    findings: [],
    coverage: [],
    skipped: [],
    ...input,
  })
}

export function rankedFinding(
  practice: string,
  where: Finding['where'],
  more: Partial<RankedFinding> = {},
): RankedFinding {
  return {
    fingerprint: `${practice} ${JSON.stringify(where)}`,
    practice,
    title: practice,
    where,
    facts: [],
    confidence: 'strong',
    remedy: { summary: '', steps: [] },
    severity: 'warn',
    gainFraction: 0.2,
    also: [],
    ...more,
  }
}

function total(routes: readonly RouteLoad[], key: 'requests' | 'errors'): number {
  return routes.reduce((sum, route) => sum + route[key], 0)
}
