/** Past the knee and back: what was offered against what was answered well, and how long the way back took. */
import type { LoadReport, LoadStep, StressResult } from '@whetstone/model'
import { formatDuration, formatFraction, formatMs, formatNumber, formatRate } from '../../reading/format.ts'
import { quantileMs } from '../../reading/histogram.ts'
import { linearTicks } from '../../reading/ticks.ts'
import { Chip, numbers, Section, Table } from '../pieces.tsx'
import { Scatter } from './scatter.tsx'

export function Stress({ report }: { readonly report: LoadReport }) {
  const { stress } = report
  if (stress === undefined) return null
  const steps = report.steps.filter(({ purpose }) => purpose !== 'warm-up')
  const rising = steps.filter(step => step.purpose !== 'recovery' && !isLate(step))
  const most = Math.max(1, ...rising.map(({ offeredRatePerSecond }) => offeredRatePerSecond)) * 1.06
  return (
    <Section id="stress" title="Past the knee and back" note="Goodput counts good answers only">
      <div class="pair">
        <figure class="card">
          <h3>Offered rate against goodput</h3>
          <Scatter
            x={{
              range: [0, most],
              ticks: linearTicks(most, 6),
              text: formatNumber,
              title: 'offered requests per second',
            }}
            y={{ range: [0, most], ticks: linearTicks(most, 5), text: formatNumber, title: '' }}
            points={rising.map(step => ({
              x: step.offeredRatePerSecond,
              y: goodputOf(step),
              shape: goodputOf(step) >= 0.95 * step.offeredRatePerSecond ? 'held' : 'broken',
              title: `${formatRate(step.offeredRatePerSecond)} offered, ${formatRate(goodputOf(step))} answered well`,
            }))}
            curves={[
              {
                token: 'before',
                dashed: true,
                points: [
                  [0, 0],
                  [most, most],
                ],
              },
              { token: 'accent', points: rising.map(step => [step.offeredRatePerSecond, goodputOf(step)] as const) },
            ]}
            {...(stress.kneePerSecond === undefined
              ? {}
              : { moments: [{ x: stress.kneePerSecond, text: `knee ${formatRate(stress.kneePerSecond)}` }] })}
            description={`Goodput peaked at ${formatRate(stress.peakGoodputPerSecond)}.`}
          />
          <p class="soft">Dashed: every request answered well.</p>
        </figure>
        <div class="card">
          <h3>What became of it</h3>
          <table>
            <tbody>
              <Fact name="Follows up to" text={followedText(stress)} />
              <Fact name="Highest goodput" text={formatRate(stress.peakGoodputPerSecond)} />
              <Fact name="Goodput past the knee" text={formatRate(stress.goodputPastKneePerSecond)} />
              <tr>
                <td>Under overload</td>
                <td class="number">
                  {stress.kneePerSecond === undefined || stress.endedBy === 'generator' ? (
                    <Chip tone="plain">{stress.endedBy === 'generator' ? 'not told' : 'not reached'}</Chip>
                  ) : (
                    <Chip tone={stress.collapsed ? 'bad' : 'good'}>{stress.collapsed ? 'collapses' : 'holds'}</Chip>
                  )}
                </td>
              </tr>
              <tr>
                <td>Recovery</td>
                <td class="number">
                  {stress.recoveryMs === undefined ? <NoRecovery stress={stress} /> : formatDuration(stress.recoveryMs)}
                </td>
              </tr>
            </tbody>
          </table>
          {stress.endedBy === 'generator' && (
            <p class="soft">The generator was late twice at one rate, and the test ended there.</p>
          )}
          <Steps steps={steps} />
        </div>
      </div>
    </Section>
  )
}

function isLate({ generator }: LoadStep): boolean {
  return generator.verdict === 'invalid'
}

function followedText({ kneePerSecond, endedBy, peakGoodputPerSecond }: StressResult): string {
  if (kneePerSecond !== undefined) return formatRate(kneePerSecond)
  if (endedBy === 'first-rate') return 'less than the first rate'
  return endedBy === 'generator' ? `${formatRate(peakGoodputPerSecond)} at least` : 'the end of what was offered'
}

function NoRecovery({ stress: { kneePerSecond, endedBy } }: { readonly stress: StressResult }) {
  if (kneePerSecond === undefined) return <Chip tone="plain">nothing to recover from</Chip>
  return endedBy === 'generator' ? <Chip tone="plain">not told</Chip> : <Chip tone="bad">not while it was watched</Chip>
}

function goodputOf(step: LoadStep): number {
  return step.durationMs === 0 ? 0 : (1_000 * step.overall.response.count) / step.durationMs
}

function Fact({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <tr>
      <td>{name}</td>
      <td class="number strong">{text}</td>
    </tr>
  )
}

function Steps({ steps }: { readonly steps: readonly LoadStep[] }) {
  return (
    <div style={{ marginTop: '14px' }}>
      <Table label="Steps of the overload" columns={['Step', ...numbers('Offered', 'Goodput', 'p95', 'Errors')]}>
        {steps.map((step, index) => (
          <tr key={index}>
            <td>
              {step.purpose === 'recovery' ? 'recovery' : index + 1}
              {isLate(step) && <div class="soft">late, not counted</div>}
            </td>
            <td class="number">{formatRate(step.offeredRatePerSecond)}</td>
            <td class="number">{formatRate(goodputOf(step))}</td>
            <td class="number">{formatMs(quantileMs(step.overall.response, 0.95))}</td>
            <td class="number">
              {formatFraction(step.overall.requests === 0 ? 0 : step.errors / step.overall.requests)}
            </td>
          </tr>
        ))}
      </Table>
    </div>
  )
}
