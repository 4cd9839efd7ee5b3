/** Whether the figures can be believed: how late the generator was, what it used, and which workers lived to report. */
import type { LoadReport, LoadStep, WorkerShare } from '@whetstone/model'
import { formatCount, formatFraction, formatMs, formatRate, plural } from '../../reading/format.ts'
import { Chip, Notes, numbers, Section, Table } from '../pieces.tsx'

const toneOfVerdict = { healthy: 'good', degraded: 'warn', invalid: 'bad' } as const

export function Generator({ report }: { readonly report: LoadReport }) {
  const steps = report.steps.filter(({ purpose }) => purpose !== 'warm-up')
  if (steps.length === 0) return null
  return (
    <Section
      id="generator"
      title="The load generator"
      note="Late sends would be its own lateness, called the service’s; an invalid run proves nothing"
    >
      <div class="card">
        <Table
          label="The load generator, step by step"
          columns={[
            'Verdict',
            ...numbers('Offered', 'Sent', 'Late p50', 'Late p99', 'Late at most', 'Waiting p99', 'Loop p99', 'CPU'),
          ]}
        >
          {steps.map((step, index) => (
            <Row key={index} step={step} />
          ))}
        </Table>
        <Reasons steps={steps} />
      </div>
      {report.workers && report.workers.length > 0 && <Workers workers={report.workers} steps={steps} />}
    </Section>
  )
}

function Row({ step }: { readonly step: LoadStep }) {
  const { verdict, lagP50Ms, lagP99Ms, lagMaxMs, connectionWaitP99Ms, loopDelayP99Ms, cpuFraction } = step.generator
  // A user that asks again at once is never late.
  const isNeverDue = step.arrivals === 'closed' && lagMaxMs === 0
  const lags = isNeverDue ? [undefined, undefined, undefined] : [lagP50Ms, lagP99Ms, lagMaxMs]
  return (
    <tr>
      <td>
        <Chip tone={toneOfVerdict[verdict]}>{verdict}</Chip>
      </td>
      <td class="number">
        {step.arrivals === 'closed' ? plural(step.users ?? 0, 'user') : formatRate(step.offeredRatePerSecond)}
      </td>
      <td class="number">{formatCount(step.sent)}</td>
      {[...lags, connectionWaitP99Ms, loopDelayP99Ms].map((ms, index) => (
        <td key={index} class="number">
          {formatMs(ms)}
        </td>
      ))}
      <td class="number">{formatFraction(cpuFraction)}</td>
    </tr>
  )
}

function Reasons({ steps }: { readonly steps: readonly LoadStep[] }) {
  const reasons = [...new Set(steps.flatMap(({ generator }) => generator.reasons))]
  return <Notes texts={reasons.slice(0, 12)} />
}

function Workers({
  workers,
  steps,
}: {
  readonly workers: readonly WorkerShare[]
  readonly steps: readonly LoadStep[]
}) {
  const lost = steps.find(step => step.lost)?.lost
  return (
    <div class="card" style={{ marginTop: '16px' }}>
      <div class="card-head">
        <h3>Workers</h3>
        <span class="soft">
          {lost
            ? `${formatCount(lost.workers)} of ${formatCount(lost.ofWorkers)} lost, and ${formatFraction(lost.fraction)} of the load with them`
            : 'Their histograms are added bucket by bucket'}
        </span>
      </div>
      <Table label="Workers" columns={['Worker', 'Its arrivals', ...numbers('Requests'), 'Ended']}>
        {workers.map(({ name, index, of, requests, ended }) => (
          <tr key={index}>
            <td>{name.slice(0, 100)}</td>
            <td>
              {index + 1} of every {formatCount(of)}
            </td>
            <td class="number">{formatCount(requests)}</td>
            <td>
              <Chip tone={ended === 'lost' ? 'bad' : 'good'}>{ended}</Chip>
            </td>
          </tr>
        ))}
      </Table>
    </div>
  )
}
