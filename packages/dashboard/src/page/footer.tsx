/** What a sceptic needs to repeat the run. */
import { reportedStep, type RunReport } from '@whetstone/model'
import { formatDuration, formatFraction, formatMs, formatNumber, plural } from '../reading/format.ts'
import { arrivalWords } from '../reading/load-words.ts'

export function Footer({ report }: { readonly report: RunReport }) {
  const { run, target } = report
  const service = [target.command, target.framework, target.url, target.databaseVersion, target.database]
    .filter(Boolean)
    .join(' · ')
  return (
    <footer id="method">
      <p>
        <strong>Method.</strong> {methodOf(report)}
      </p>
      <p>
        <strong>Machine.</strong> {machineOf(report)}
      </p>
      <p>
        <strong>Service.</strong> {service.slice(0, 1000)}
      </p>
      <p>
        {run.tool} · <code>{run.command}</code> · run <code>{run.id}</code> · seed {run.seed} · raw data is inside this
        file
      </p>
    </footer>
  )
}

function methodOf({ trial, loadCurve }: RunReport): string {
  const step = reportedStep(loadCurve)
  const parts: string[] = []
  if (trial) {
    const thrown = trial.thrownOut > 0 ? `, ${plural(trial.thrownOut, 'block was', 'blocks were')} thrown out` : ''
    parts.push(
      `${plural(trial.pairs, 'paired block')} of ${formatDuration(trial.blockMs)} each side after ${formatDuration(trial.warmUpMs)} warm-up, random order in each pair, fresh processes${thrown}.`,
    )
    parts.push(
      'Change and interval from the paired block log-ratios (Hodges-Lehmann, exact Wilcoxon, Holm over the gated metrics).',
    )
  }
  if (step) {
    parts.push(
      `${step.arrivals === 'closed' ? 'Closed model, so slow answers lowered the load,' : `Open model with ${arrivalWords[step.arrivals]} arrivals`} at ${formatNumber(step.offeredRatePerSecond)} requests per second for ${formatDuration(step.durationMs)}; the load generator is a process of its own on the same host, ${step.generator.verdict}, send lag p99 ${formatMs(step.generator.lagP99Ms)}.`,
    )
  }
  parts.push(
    'Latency counts from the moment a request was due; quantiles from log-linear histograms with three digits.',
  )
  return parts.join(' ')
}

function machineOf({ run, host, loadCurve }: RunReport): string {
  const step = reportedStep(loadCurve)
  const steal = host?.samples.length ? Math.max(...host.samples.map(sample => sample.stealFraction)) : undefined
  const parts = [
    run.machine,
    host && !run.machine.includes(host.cpuModel) && host.cpuModel,
    run.node,
    steal !== undefined && `at most ${formatFraction(steal)} stolen by other guests`,
    step && `load generator used ${formatFraction(step.generator.cpuFraction)} of one core`,
  ]
  return `${parts.filter(Boolean).join('; ')}.`
}
