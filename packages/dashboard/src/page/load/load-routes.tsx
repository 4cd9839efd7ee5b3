/** Each route with its own latency, what was answered in which class, and the checks. */
import type { CheckCount, LoadReport, LoadStep, RouteLoad } from '@whetstone/model'
import { formatBytes, formatCount, formatFraction, formatMs, plural } from '../../reading/format.ts'
import { toldQuantileMs } from '../../reading/histogram.ts'
import { measuredStep } from '../../reading/load-verdict.ts'
import { statusClassesOf } from '../../reading/status-classes.ts'
import { Icon, numbers, Section, Table } from '../pieces.tsx'

const MOST_ROUTES = 40

export function LoadRoutes({ report }: { readonly report: LoadReport }) {
  const step = measuredStep(report)
  if (step === undefined || step.routes.length === 0) return null
  return (
    <Section id="routes" title="Routes, answers and checks">
      <div class="card">
        <RouteTable routes={step.routes.slice(0, MOST_ROUTES)} />
        {step.routes.length > MOST_ROUTES && (
          <p class="soft">and {plural(step.routes.length - MOST_ROUTES, 'more route')}</p>
        )}
      </div>
      <div class="pair even">
        <div class="card">
          <Classes step={step} />
        </div>
        <div class="card">
          <Checks checks={step.checks ?? []} />
        </div>
      </div>
    </Section>
  )
}

function RouteTable({ routes }: { readonly routes: readonly RouteLoad[] }) {
  return (
    <Table
      label="Latency by route"
      columns={['Route', ...numbers('Requests', 'Errors', 'p50', 'p95', 'p99', 'Service p95', 'Body')]}
    >
      {routes.map((route, index) => (
        <tr key={index}>
          <td class="route-name">
            <code>{route.route.slice(0, 400)}</code>
          </td>
          <td class="number">{formatCount(route.requests)}</td>
          <td class={`number ${route.errors > 0 ? 'text-bad' : ''}`}>
            {formatFraction(route.requests === 0 ? 0 : route.errors / route.requests)}
          </td>
          {[0.5, 0.95, 0.99].map(q => (
            <td key={q} class="number">
              {formatMs(toldQuantileMs(route.response, q))}
            </td>
          ))}
          <td class="number">{formatMs(toldQuantileMs(route.service, 0.95))}</td>
          <td class="number">{formatBytes(route.meanBodyBytes)}</td>
        </tr>
      ))}
    </Table>
  )
}

/** By class of status, then the errors by their kind. */
function Classes({ step }: { readonly step: LoadStep }) {
  const kinds = Object.entries(step.errorsByKind).toSorted(([, a], [, b]) => b - a)
  return (
    <>
      <h3>Answers</h3>
      <Table label="Answers by status" columns={['Status', ...numbers('Answers', 'Share', 'p50', 'p95')]}>
        {statusClassesOf(step.routes).map(({ name, count, response }) => (
          <tr key={name}>
            <td>{name}</td>
            <td class="number">{formatCount(count)}</td>
            <td class="number">{formatFraction(count / Math.max(1, step.overall.requests))}</td>
            <td class="number">{formatMs(toldQuantileMs(response, 0.5))}</td>
            <td class="number">{formatMs(toldQuantileMs(response, 0.95))}</td>
          </tr>
        ))}
      </Table>
      {kinds.length > 0 && (
        <div style={{ marginTop: '12px' }}>
          <Table label="Errors by kind" columns={['Error', ...numbers('Times')]}>
            {kinds.slice(0, 12).map(([kind, count]) => (
              <tr key={kind}>
                <td>
                  <code>{kind}</code>
                </td>
                <td class="number">{formatCount(count)}</td>
              </tr>
            ))}
          </Table>
        </div>
      )}
    </>
  )
}

function Checks({ checks }: { readonly checks: readonly CheckCount[] }) {
  return (
    <>
      <h3>Checks</h3>
      {checks.length === 0 ? (
        <p class="missing">
          Nothing was checked beyond the status. A scenario file can: <code>whetstone load import …</code> writes one.
        </p>
      ) : (
        <Table label="Checks" columns={[{ name: 'Check', cells: 2 }, ...numbers('Passed', 'Failed')]}>
          {checks.map(({ name, route, passes, fails }, index) => (
            <tr key={index}>
              <td>
                <Icon name={fails === 0 ? 'check' : 'cross'} class={fails === 0 ? 'text-good' : 'text-bad'} />
              </td>
              <td>
                {name.slice(0, 200)}
                <div class="soft">
                  <code>{route.slice(0, 200)}</code>
                </div>
              </td>
              <td class="number">{formatFraction(passes / Math.max(1, passes + fails))}</td>
              <td class="number">{formatCount(fails)}</td>
            </tr>
          ))}
        </Table>
      )}
    </>
  )
}
