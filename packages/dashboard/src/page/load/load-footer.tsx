/** What a sceptic needs to repeat the load test. */
import type { LoadReport, LoadStep } from '@whetstone/model'
import { formatDuration, formatNumber, plural } from '../../reading/format.ts'
import { measuredStep } from '../../reading/load-verdict.ts'
import { arrivalWords } from '../../reading/load-words.ts'

export function LoadFooter({ report }: { readonly report: LoadReport }) {
  const { run, target, scenario } = report
  const step = measuredStep(report)
  return (
    <footer id="method">
      <p>
        <strong>Method.</strong> {step ? `${modelOf(step)} ` : ''}Latency counts from the moment a request was due;
        quantiles from log-linear histograms with three digits, merged bucket by bucket. The generator runs in processes
        of its own. Errors are never counted as fast answers.
      </p>
      <p>
        <strong>Machine.</strong> {run.machine}; {run.node}.
      </p>
      <p>
        <strong>Service.</strong> {[target.name, target.url, scenario.source].join(' · ').slice(0, 1000)}
      </p>
      <p>
        {run.tool} · <code>{run.command}</code> · run <code>{run.id}</code> · seed {run.seed} · raw data is inside this
        file
      </p>
    </footer>
  )
}

function modelOf(step: LoadStep): string {
  const length = formatDuration(step.durationMs)
  if (step.arrivals === 'closed') return `Closed model: ${plural(step.users ?? 0, 'user')} for ${length}.`
  const shape = step.shape === undefined ? 'at' : `as a ${step.shape} around`
  return `Open model with ${arrivalWords[step.arrivals]} arrivals ${shape} ${formatNumber(step.offeredRatePerSecond)} ${step.requestsPerUser === undefined ? 'requests' : 'users'} per second for ${length}.`
}
