/** The plans behind the findings; an index that is proposed shows what it did to the very statement and parameters it was tried with. */
import { proposalText } from '@whetstone/catalogue'
import type { Finding, IndexTrialResult, PgEvidence, PgPlan, ReportedPlan } from '@whetstone/model'

export function plansOf(
  pg: PgEvidence | undefined,
  findings: readonly Finding[],
  statementIds: ReadonlySet<string>,
): ReportedPlan[] {
  if (!pg) return []
  return [
    ...findings.flatMap(finding => triedPlans(pg, finding)),
    ...pg.plans.filter(plan => statementIds.has(plan.statementId)),
  ]
}

/** Both plans are of one trial: a plan of the user's database beside one of a copy would compare two databases. */
function triedPlans(pg: PgEvidence, { edit, where }: Finding): ReportedPlan[] {
  const { resource } = where
  if (edit?.kind !== 'plan' || resource === undefined) return []
  const proposed = pg.indexTrials.filter(trial => proposalText(trial) === resource)
  return edit.statements.flatMap(({ statementId }) => {
    const results = proposed.flatMap(trial => trial.results.filter(result => result.statementId === statementId))
    const [dearest] = results
      .filter(result => result.usesCandidate && result.planBefore && result.planAfter)
      .toSorted((a, b) => b.costBefore - a.costBefore)
    if (!dearest?.planBefore || !dearest.planAfter) return []
    const before = { ...planOf(dearest), totalCost: dearest.costBefore, root: dearest.planBefore }
    const after = { ...planOf(dearest), totalCost: dearest.costAfter, root: dearest.planAfter }
    return [{ ...before, index: resource, after }]
  })
}

function planOf({
  statementId,
  parameterSet,
}: IndexTrialResult): Pick<PgPlan, 'statementId' | 'kind' | 'parameterSet'> {
  return parameterSet === undefined
    ? { statementId, kind: 'generic' }
    : { statementId, kind: 'parameters', parameterSet }
}
