/** The slowest answers whose requests carried a trace id, to be looked up wherever traces are kept. */
import type { LoadReport } from '@whetstone/model'
import { formatDuration, formatMs } from '../../reading/format.ts'
import { measuredStep } from '../../reading/load-verdict.ts'
import { CopyButton } from '../copy-button.tsx'
import { Missing, numbers, Section, Table } from '../pieces.tsx'

export function Slowest({ report }: { readonly report: LoadReport }) {
  const step = measuredStep(report)
  if (step === undefined) return null
  const samples = step.slowest ?? []
  return (
    <Section id="slowest" title="Slowest requests" note="Among those that carried a traceparent">
      <div class="card">
        {samples.length === 0 ? (
          <Missing
            why="No request carried a trace id. Mark one in a hundred:"
            type="whetstone load … --trace-every 100"
          />
        ) : (
          <Table label="Slowest requests" columns={['Trace', 'Route', ...numbers('Status', 'At', 'Response')]}>
            {samples.map(({ traceId, route, status, atMs, responseMs }) => (
              <tr key={traceId} id={`trace-${traceId}`}>
                <td class="trace">
                  <code>{traceId}</code> <CopyButton text={() => traceId}>Copy</CopyButton>
                </td>
                <td style={{ minWidth: '150px' }}>
                  <code>{route.slice(0, 200)}</code>
                </td>
                <td class="number">{status}</td>
                <td class="number">{formatDuration(atMs)}</td>
                <td class="number strong">{formatMs(responseMs)}</td>
              </tr>
            ))}
          </Table>
        )}
      </div>
    </Section>
  )
}
