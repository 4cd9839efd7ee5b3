/** Whether something grows while the load does not: one small chart a quantity, with its growth an hour. */
import type { LoadReport, Trend } from '@whetstone/model'
import { formatDuration, formatNumber } from '../../reading/format.ts'
import { formatSlope, trendFigure, trendWords } from '../../reading/load-words.ts'
import { linearTicks } from '../../reading/ticks.ts'
import { Chip, Missing, Section, type Tone } from '../pieces.tsx'
import { Plot } from '../plot.tsx'

export function Soak({ report }: { readonly report: LoadReport }) {
  const { soak } = report
  if (soak === undefined) return null
  const note = `A leak slower than what ${formatDuration(soak.shortestTellingMs)} can tell may not show`
  return (
    <Section id="soak" title="What grows" note={note}>
      {soak.trends.length === 0 ? (
        <div class="card">
          <Missing
            why="Nothing was sampled often enough for a trend. Run it longer:"
            type="whetstone load soak … --duration 1h"
          />
        </div>
      ) : (
        <div class="trends">
          {soak.trends.map(trend => (
            <figure class="card" key={trend.metric}>
              <Growth trend={trend} />
            </figure>
          ))}
        </div>
      )}
    </Section>
  )
}

const toneOfTrend: Readonly<Record<Trend['verdict'], Tone>> = { grows: 'bad', steady: 'good', unclear: 'warn' }
const MS_PER_MINUTE = 60_000

function Growth({ trend }: { readonly trend: Trend }) {
  const { metric, unit, points, slopePerHour, pValue, verdict } = trend
  const figure = (value: number) => trendFigure(unit, value)
  const most = Math.max(...points.map(({ value }) => value), 0) * 1.15 || 1
  const end = Math.max(...points.map(({ atMs }) => atMs), MS_PER_MINUTE) / MS_PER_MINUTE
  return (
    <>
      <div class="card-head">
        <h3>{capitalised(trendWords[metric])}</h3>
        <Chip tone={toneOfTrend[verdict]}>{verdict}</Chip>
      </div>
      <Plot
        height={150}
        xs={points.map(({ atMs }) => atMs / MS_PER_MINUTE)}
        lines={[{ label: trendWords[metric], token: 'accent', width: 2, values: points.map(({ value }) => value) }]}
        yRange={[0, most]}
        yLinear
        yTicks={linearTicks(most, 3)}
        yText={figure}
        xRange={[0, end]}
        xTicks={linearTicks(end, 5)}
        xText={minutes => `${formatNumber(minutes)} min`}
        description={`${trendWords[metric]} ${verdict}${slopePerHour === undefined ? '' : `: ${formatSlope(trend)} an hour`}.`}
        readout={index => `at ${formatDuration(points[index]!.atMs)}: ${figure(points[index]!.value)}`}
      />
      {slopePerHour === undefined || pValue === undefined ? (
        <p class="soft">Read too seldom to tell its growth an hour.</p>
      ) : (
        <p class="soft">
          {formatSlope(trend)} an hour, 95 % interval {figure(slopePerHour.low)} to {figure(slopePerHour.high)}{' '}
          (Theil-Sen); for growth p {pValue < 0.001 ? '< 0.001' : formatNumber(pValue)} (Mann-Kendall)
        </p>
      )}
    </>
  )
}

function capitalised(text: string): string {
  return /^p\d/.test(text) ? text : text.slice(0, 1).toUpperCase() + text.slice(1)
}
