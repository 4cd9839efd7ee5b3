/** What was checked, what is in place, what could not be seen, and what to type to see it. */
import type { CoverageRow, EvidenceKind, RunReport } from '@whetstone/model'
import { coverageCounts, evidenceWords, waysToSeeMore, type CoverageCount } from '../reading/coverage.ts'
import { formatCount, plural } from '../reading/format.ts'
import { Missing, Table } from './pieces.tsx'

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
            {ways.slice(0, MOST_WAYS).map(({ give, why, missing, practices }) => (
              <li key={`${give ?? ''} ${missing.join(' ')}`}>
                <span>
                  {plural(practices.length, 'practice needs', 'practices need')}{' '}
                  {missing.length > 0 ? missing.map(evidenceWords).join(' and ') : 'more evidence'}
                </span>
                {give ? <code>{give}</code> : <span class="soft">{why}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
      <States counts={counts} />
      <Sources report={report} />
    </div>
  )
}

function States({ counts }: { readonly counts: readonly CoverageCount[] }) {
  const total = counts.reduce((sum, count) => sum + count.rows.length, 0)
  return (
    <details class="data">
      <summary>Show all {plural(total, 'practice')}</summary>
      <Table label="All practices" columns={['State', 'Practice', 'Advice', 'Seen']}>
        {counts.flatMap(count => count.rows.map(row => <Practice key={row.practice} count={count} row={row} />))}
      </Table>
    </details>
  )
}

function Practice({ count, row }: { readonly count: CoverageCount; readonly row: CoverageRow }) {
  return (
    <tr>
      <td>
        <span class="state-word">
          <i class={`swatch state-${count.state}`} />
          {count.label}
        </span>
      </td>
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
  )
}

/** The sources by how much of them was had; without the database the command that adds it. */
function Sources({ report }: { readonly report: RunReport }) {
  const { evidence } = report.target
  const named = (state: 'gathered' | 'partial' | 'missing'): string =>
    (Object.keys(evidence) as EvidenceKind[])
      .filter(kind => evidence[kind] === state)
      .map(evidenceWords)
      .join(', ')
  const sources = [
    ['Seen', named('gathered')],
    ['in part', named('partial')],
    ['not', named('missing')],
  ].filter(([, kinds]) => kinds !== '')
  return (
    <>
      {sources.length > 0 && (
        <p class="soft" style={{ marginTop: '12px' }}>
          {sources.map(([word, kinds]) => `${word}: ${kinds}`).join('; ')}.
        </p>
      )}
      {evidence.pg === 'missing' && <Missing why="Database not connected. Add" type="--db $DATABASE_URL" />}
    </>
  )
}
