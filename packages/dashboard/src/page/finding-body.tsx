/** The inside of a finding: its facts, one request, where it is in the code, the remedy, and the plans. */
import type { RankedFinding, RunReport } from '@whetstone/model'
import { formatFact, plural } from '../reading/format.ts'
import { promisesOf } from '../reading/gain.ts'
import { exemplarOf, seenFromOutside } from '../reading/waterfall.ts'
import { Remedy, Where } from './code.tsx'
import { Plans } from './plan-tree.tsx'
import { Waterfall } from './waterfall.tsx'

export function FindingBody({ finding, report }: { readonly finding: RankedFinding; readonly report: RunReport }) {
  const trace = exemplarOf(finding, report.traces)
  const { statementId } = finding.where
  const plan = planOf(finding, report)
  return (
    <div class="body">
      <Facts finding={finding} />
      {trace && (
        <Waterfall
          trace={trace}
          outside={seenFromOutside(trace, report.loadCurve)}
          statements={report.statements}
          highlight={statementId}
        />
      )}
      <div class="code-pair">
        <Where finding={finding} report={report} />
        <Remedy finding={finding} />
      </div>
      {plan && <Plans plan={plan} />}
      {finding.also.length > 0 && (
        <p class="soft">Also explained by this: {finding.also.map(other => other.title).join('; ')}.</p>
      )}
    </div>
  )
}

/** Before and after where the finding proposes the index that was tried; an index of another finding is not its remedy. */
function planOf({ where }: RankedFinding, { plans }: RunReport): RunReport['plans'][number] | undefined {
  const own = plans.filter(plan => plan.statementId === where.statementId)
  return own.find(plan => plan.after && plan.index === where.resource) ?? own.find(plan => !plan.after)
}

function Facts({ finding }: { readonly finding: RankedFinding }) {
  const { predicted, confidence, facts } = finding
  const sure = { measured: 'Measured', strong: 'Strong', suspected: 'Suspected' }[confidence]
  const basis = predicted && predicted.traces > 0 ? `, from ${plural(predicted.traces, 'trace')}` : ''
  const rows = [
    { label: 'Confidence', value: sure + basis },
    ...facts.map(fact => ({ label: capitalised(fact.label), value: formatFact(fact) })),
    ...promisesOf(finding),
  ]
  return (
    <dl class="facts">
      {rows.map((row, index) => (
        <div key={index}>
          <dt>{row.label}</dt>
          <dd>{row.value}</dd>
        </div>
      ))}
    </dl>
  )
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
