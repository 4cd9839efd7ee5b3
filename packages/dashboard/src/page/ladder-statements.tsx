/** What one request sent to the database on each rung, with the plan of each statement as PostgreSQL prints it. */
import type { LadderReport, LadderStatement } from '@whetstone/model'
import { formatNumber, plural } from '../reading/format.ts'
import { Section } from './pieces.tsx'

export function Statements({ report }: { readonly report: LadderReport }) {
  const rungs = report.rungs.map(({ label, statements = [] }, index) => ({ label, statements, index }))
  if (rungs.every(({ statements }) => statements.length === 0)) return null
  return (
    <Section
      id="statements"
      title="The statements and their plans"
      note="Of one request on each rung; statements that differ only in their values are shown once"
    >
      {rungs.map(({ label, statements, index }) => (
        <div key={index} class="card rung-statements">
          <h3>
            <span class="rung">{index}</span> {label}{' '}
            <span class="soft">{plural(callsOf(statements), 'query', 'queries')}</span>
          </h3>
          {statements.map((statement, number) => (
            <Statement key={number} statement={statement} isOpen={index === 0 || index === rungs.length - 1} />
          ))}
        </div>
      ))}
    </Section>
  )
}

/** The first rung and the last are open: before and after. */
function Statement({ statement, isOpen }: { readonly statement: LadderStatement; readonly isOpen: boolean }) {
  const { text, calls, plan } = statement
  return (
    <details class="sent" open={isOpen}>
      <summary>
        <span class="calls">{formatNumber(calls)}×</span> <code>{text}</code>
      </summary>
      <pre class="code" tabIndex={0} aria-label="The plan">
        <code>
          {plan.split('\n').map((line, index) => (
            <span key={index} class="row">
              {line}
            </span>
          ))}
        </code>
      </pre>
    </details>
  )
}

function callsOf(statements: readonly LadderStatement[]): number {
  return statements.reduce((sum, { calls }) => sum + calls, 0)
}
