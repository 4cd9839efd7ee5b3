/** EXPLAIN before and after as a tree with cost, rows and time, so that nobody has to read JSON. */
import type { PgPlan, PlanNode, RunReport } from '@whetstone/model'
import { formatCount, formatMs, formatNumber } from '../reading/format.ts'
import { plannedAs, planRows, type PlanRow } from '../reading/plan-rows.ts'

export function Plans({ plan }: { readonly plan: RunReport['plans'][number] }) {
  return (
    <div class="code-pair">
      <Plan name={plan.after ? 'Plan before' : 'Plan'} plan={plan} />
      {plan.after && <Plan name="Plan after" plan={plan.after} />}
    </div>
  )
}

function Plan({ name, plan }: { readonly name: string; readonly plan: PgPlan }) {
  const rows = planRows(plan.root)
  const timed = rows.some(row => row.node.actualTotalMs !== undefined)
  return (
    <div>
      <div class="code-head">
        <h3>
          {name} <span class="mono">{plannedAs(plan)}</span>
        </h3>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label={name}>
        <table class="plan">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col" class="number">
                Cost
              </th>
              <th scope="col" class="number">
                Rows{timed ? ' (planned)' : ''}
              </th>
              {timed && (
                <th scope="col" class="number">
                  Time
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <Node key={index} row={row} timed={timed} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

function Node({ row, timed }: { readonly row: PlanRow; readonly timed: boolean }) {
  const { node } = row
  const actual = node.actualRows === undefined ? undefined : node.actualRows * (node.actualLoops ?? 1)
  return (
    <tr class={row.costly ? 'costly' : ''}>
      <td class="node" style={{ paddingLeft: `${row.depth * 14}px` }}>
        {row.depth > 0 && '└ '}
        <b>{node.nodeType}</b>
        {targetOf(node)}
        {row.notes.map(note => (
          <span key={note} class="note">
            {note}
          </span>
        ))}
      </td>
      <td class="number">{formatNumber(node.totalCost)}</td>
      <td class="number">
        {actual === undefined ? formatCount(node.planRows) : `${formatCount(actual)} (${formatCount(node.planRows)})`}
      </td>
      {timed && (
        <td class="number">
          {formatMs(node.actualTotalMs === undefined ? undefined : node.actualTotalMs * (node.actualLoops ?? 1))}
        </td>
      )}
    </tr>
  )
}

function targetOf({ relation, index, joinType }: PlanNode): string {
  const parts = [
    joinType && joinType !== 'Inner' ? `${joinType} join` : '',
    relation ? `on ${relation}` : '',
    index ? `using ${index}` : '',
  ]
  const text = parts.filter(Boolean).join(' ')
  return text && ` ${text}`
}
