/** What was checked, what is in place, what could not be seen, and what to type to see it. */
import type { RunReport } from '@whetstone/model'
import { coverageCounts, evidenceWords, waysToSeeMore, type CoverageCount } from '../reading/coverage.ts'
import { formatCount, plural } from '../reading/format.ts'

const MOST_WAYS = 6

export function Coverage({ report }: { readonly report: RunReport }) {
  const counts = coverageCounts(report)
  const ways = waysToSeeMore(report)
  if (counts.length === 0) return null
  const unseen = counts.find(count => count.state === 'unknown')?.rows.length ?? 0
  return (
    <div class="card" style={{ marginTop: '16px' }} id="coverage">
      <div class="card-head">
        <h3>Catalogue coverage</h3>
        <span class="legend">
          {counts.map(({ state, label, rows }) => (
            <span key={state}>
              <i class={`swatch state-${state}`} />
              {formatCount(rows.length)} {label}
            </span>
          ))}
        </span>
      </div>
      <div class="stack" role="img" aria-label={counts.map(({ label, rows }) => `${rows.length} ${label}`).join(', ')}>
        {counts.map(({ state, rows }) => (
          <i key={state} class={`state-${state}`} style={{ flex: String(rows.length) }} />
        ))}
      </div>
      {unseen > 0 && (
        <>
          <p class="soft">{plural(unseen, 'practice')} could not be judged, because evidence was missing:</p>
          <ul class="ways">
            {ways.slice(0, MOST_WAYS).map(({ give, missing, practices }) => (
              <li key={`${give ?? ''} ${missing.join(' ')}`}>
                <span>
                  {formatCount(practices.length)} need{' '}
                  {missing.length > 0 ? missing.map(evidenceWords).join(' and ') : 'more evidence'}
                </span>
                {give ? <code>{give}</code> : <span class="soft">no option supplies it yet</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      <div class="states">
        {counts.map(count => (
          <State key={count.state} count={count} />
        ))}
      </div>
    </div>
  )
}

function State({ count }: { readonly count: CoverageCount }) {
  return (
    <details class="data">
      <summary>
        {formatCount(count.rows.length)} {count.label}
      </summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={count.label}>
        <table>
          <tbody>
            {count.rows.map(row => (
              <tr key={row.practice}>
                <td>
                  <code>{row.practice}</code>
                </td>
                <td>{row.title}</td>
                <td class="soft">
                  {row.note}
                  {row.give && (
                    <>
                      {' '}
                      · <code>{row.give}</code>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
