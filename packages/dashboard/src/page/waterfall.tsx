/** One request drawn as a waterfall. */
import type { SlowSample, Statement, Trace } from '@whetstone/model'
import { formatMs } from '../reading/format.ts'
import { linearTicks } from '../reading/ticks.ts'
import { waterfallOf, type WaterfallRow } from '../reading/waterfall.ts'

interface Props {
  readonly trace: Trace
  /** The request as the load saw it, where it was among the slowest. */
  readonly outside: SlowSample | undefined
  readonly statements: readonly Statement[]
  readonly highlight: string | undefined
}

export function Waterfall({ trace, outside, statements }: Props) {
  const rows = waterfallOf(trace, statements)
  const totalMs = Math.max(trace.durationMs, ...rows.map(row => row.startMs + row.lengthMs), 0.001)
  const percent = (ms: number): string => `${(ms / totalMs) * 100}%`
  const repeats = rows.filter(row => row.repeated).reduce((sum, row) => sum + row.folded, 0)
  const description = `One request of ${formatMs(trace.durationMs)} with ${trace.spans.length} spans${repeats > 0 ? `, ${repeats} of them repeats` : ''}.`
  return (
    <figure>
      <div class="card-head">
        <h3>
          Evidence: one request <code class="soft">trace {trace.id.slice(0, 12)}</code>
        </h3>
        <span class="legend">
          <span>
            <i class="swatch app" style={{ background: 'var(--span-app)' }} />
            app
          </span>
          <span>
            <i class="swatch" style={{ background: 'var(--span-database)' }} />
            database
          </span>
          <span>
            <i class="swatch" style={{ background: 'var(--span-wait)' }} />
            waiting
          </span>
          {rows.some(row => row.colour === 'http') && (
            <span>
              <i class="swatch" style={{ background: 'var(--span-http)' }} />
              outbound
            </span>
          )}
        </span>
      </div>
      <div class="waterfall" role="table" aria-label={description}>
        <div class="wf-row head" role="row">
          <span role="columnheader">span</span>
          <span class="lane" aria-hidden="true">
            <span style={{ left: '0' }}>0</span>
            {linearTicks(totalMs, 4)
              .slice(1)
              .filter(tick => tick < totalMs * 0.9)
              .map(tick => (
                <span key={tick} class="between" style={{ left: percent(tick) }}>
                  {formatMs(tick)}
                </span>
              ))}
            <span style={{ left: '100%' }}>{formatMs(totalMs)}</span>
          </span>
          <span role="columnheader" class="time">
            time
          </span>
        </div>
        {rows.map((row, index) => (
          <Row key={index} row={row} percent={percent} />
        ))}
      </div>
      {outside && (
        <figcaption class="soft">
          One of the slowest from outside: {formatMs(outside.responseMs)} since it was due, of which the service worked{' '}
          {formatMs(trace.durationMs)}.
        </figcaption>
      )}
    </figure>
  )
}

function Row({ row, percent }: { readonly row: WaterfallRow; readonly percent: (ms: number) => string }) {
  return (
    <div class={`wf-row ${row.repeated ? 'repeated' : ''}`} role="row" title={row.title.slice(0, 2000)}>
      <span class="label" role="cell" style={{ paddingLeft: `calc(4px + ${row.depth} * var(--step, 14px))` }}>
        {row.label.slice(0, 300)}
      </span>
      <span class="lane" role="presentation">
        {row.waitMs > 0.05 && (
          <i
            class="wait"
            style={{ left: percent(Math.max(0, row.startMs - row.waitMs)), width: percent(row.waitMs) }}
          />
        )}
        <i
          class={row.folded > 1 ? 'hatched' : row.colour}
          style={{ left: percent(row.startMs), width: percent(row.lengthMs) }}
        />
      </span>
      <span class="time" role="cell">
        {formatMs(row.durationMs)}
      </span>
    </div>
  )
}
