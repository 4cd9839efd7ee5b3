/** Each route with its share of the waiting, and the routes that were left out. */
import type { RunReport } from '@whetstone/model'
import { formatFraction, formatMs, formatNumber, formatRate, plural } from '../reading/format.ts'
import { numbers, Section, Table } from './pieces.tsx'

const MOST_ROUTES = 25

export function Routes({ report }: { readonly report: RunReport }) {
  const routes = report.routes.toSorted((a, b) => b.timeFraction - a.timeFraction)
  if (routes.length === 0 && report.skipped.length === 0) return null
  return (
    <Section id="routes" title="Routes" note="Ordered by their share of all time spent waiting for answers">
      <div class="card">
        {routes.length > 0 && <RouteTable routes={routes.slice(0, MOST_ROUTES)} />}
        {routes.length > MOST_ROUTES && (
          <p class="soft">and {plural(routes.length - MOST_ROUTES, 'route')} more with less</p>
        )}
        {report.skipped.length > 0 && (
          <details class="data">
            <summary>{plural(report.skipped.length, 'route was', 'routes were')} left out</summary>
            <ul class="ways">
              {report.skipped.map(({ route, why, give }, index) => (
                <li key={index}>
                  <code>{route}</code>
                  <span>{why}</span>
                  <code>{give}</code>
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
    </Section>
  )
}

function RouteTable({ routes }: { readonly routes: RunReport['routes'] }) {
  return (
    <Table
      label="Routes"
      columns={[
        'Route',
        ...numbers('Share of waiting', 'Rate', 'p50', 'p95', 'p99', 'Errors', 'Queries', 'In database'),
      ]}
    >
      {routes.map((route, index) => (
        <tr key={index}>
          <td style={{ minWidth: '180px' }}>
            <code>{route.route.slice(0, 400)}</code>
          </td>
          <td class="number">{formatFraction(route.timeFraction)}</td>
          <td class="number">{formatRate(route.ratePerSecond)}</td>
          <td class="number">{formatMs(isAnswered(route) ? route.p50Ms : undefined)}</td>
          <td class="number">{formatMs(isAnswered(route) ? route.p95Ms : undefined)}</td>
          <td class="number">{formatMs(route.p99Ms)}</td>
          <td class="number">{formatFraction(route.requests === 0 ? 0 : route.errors / route.requests)}</td>
          <td class="number">{formatNumber(route.queriesPerRequest)}</td>
          <td class="number">{formatFraction(route.databaseFraction)}</td>
        </tr>
      ))}
    </Table>
  )
}

const isAnswered = ({ requests, errors }: RunReport['routes'][number]): boolean => requests > errors
