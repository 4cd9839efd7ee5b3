/** How much a finding matters: by what its remedy returns, weighted by how much of the traffic it is for; never by a detector's threshold. */
import type { Evidence, Finding, Prediction, Severity } from '@whetstone/model'
import { figuresOf } from './figures.ts'

/** Shares of the route's p95 at the median prediction. */
const highFraction = 0.2
const warnFraction = 0.05

/** 0 to 1: of the route's p95, or where a resource is saturated of the work that limits the rate. A route that is rarely asked for counts less: its share against that of an equally loaded route, never above 1. */
export function gainFraction(predicted: Prediction | undefined, finding: Finding, evidence: Evidence): number {
  if (!predicted) return 0
  if (predicted.capacityRatio !== undefined) return 1 - 1 / predicted.capacityRatio
  const p95 = predicted.p95Ms
  if (!p95 || p95.beforeMs <= 0) return 0
  const returned = Math.min(1, Math.max(0, 1 - p95.estimate / p95.beforeMs))
  const route = predicted.route ?? finding.where.route
  const routes = evidence.traces?.routes.filter(({ requests }) => requests > 0).length ?? 0
  if (route === undefined || routes === 0) return returned
  const share = figuresOf(evidence).shareOfRequests(route)
  return returned * Math.min(1, share * routes)
}

export function severityOf(finding: Pick<Finding, 'risk'>, gain: number): Severity {
  if (finding.risk !== undefined || gain >= highFraction) return 'high'
  return gain >= warnFraction ? 'warn' : 'info'
}
