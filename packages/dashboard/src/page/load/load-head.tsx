/** The answer of a load test: context, the verdict as a sentence, its limits, and six numbers. */
import type { LoadReport, LoadStep, NumberParts, ThresholdResult } from '@whetstone/model'
import {
  formatCount,
  formatDuration,
  formatInstant,
  formatMs,
  formatNumber,
  formatRate,
  partsOfFraction,
  partsOfMs,
  plural,
} from '../../reading/format.ts'
import { quantileMs } from '../../reading/histogram.ts'
import { generatorStep, judgedResponse, loadVerdictOf, measuredStep } from '../../reading/load-verdict.ts'
import { thresholdFigure } from '../../reading/load-words.ts'
import { Chip, Notes, type Tone } from '../pieces.tsx'

const kindWords = {
  load: 'load test',
  stress: 'stress test',
  soak: 'soak test',
  spike: 'spike test',
  capacity: 'capacity search',
} as const

export function LoadHead({ report }: { readonly report: LoadReport }) {
  const { run, target, scenario, kind } = report
  const verdict = loadVerdictOf(report)
  const step = measuredStep(report)
  return (
    <div id="result">
      <div class="context">
        <strong>{target.name}</strong>
        <span>{kindWords[kind]}</span>
        {scenario.source !== 'requests' && <span>{scenario.name.slice(0, 200)}</span>}
        <span>{formatInstant(run.startedAt)}</span>
        <span>{formatDuration(run.durationMs)}</span>
      </div>
      <h1 aria-live="polite">{verdict.sentence}</h1>
      <p class="detail">{verdict.detail}</p>
      <Chips report={report} />
      <Notes texts={report.warnings} />
      {step && <Tiles step={step} />}
    </div>
  )
}

const toneOfState = { kept: 'good', broken: 'bad', unknown: 'warn' } as const satisfies Record<string, Tone>
const worstFirst = ['broken', 'unknown', 'kept']
const MOST_CHIPS = 8

function Chips({ report }: { readonly report: LoadReport }) {
  const results = report.thresholds.toSorted((a, b) => worstFirst.indexOf(a.state) - worstFirst.indexOf(b.state))
  const hidden = results.length - MOST_CHIPS
  return (
    <ul class="chips" aria-label="Limits">
      {results.slice(0, MOST_CHIPS).map((result, index) => (
        <li key={index}>
          <Chip tone={toneOfState[result.state]}>{limitText(result)}</Chip>
        </li>
      ))}
      {hidden > 0 && (
        <li>
          <Chip tone="plain">and {plural(hidden, 'more limit')}</Chip>
        </li>
      )}
      <li>
        <GeneratorChip report={report} />
      </li>
    </ul>
  )
}

function limitText(result: ThresholdResult): string {
  const { threshold, state, brokenAtMs } = result
  if (state === 'unknown') return `${threshold.text}: not known`
  const when = brokenAtMs === undefined ? '' : `, first at ${formatDuration(brokenAtMs)}`
  return `${threshold.text}: ${thresholdFigure(result)}${when}`
}

function GeneratorChip({ report }: { readonly report: LoadReport }) {
  const step = generatorStep(report)
  const generator = step?.generator
  if (generator === undefined) return <Chip tone="plain">nothing was sent</Chip>
  const isNeverDue = step?.arrivals === 'closed' && generator.lagMaxMs === 0
  const lag = isNeverDue ? 'nothing is due in a closed model' : `sends late by ${formatMs(generator.lagP99Ms)} at p99`
  return generator.verdict === 'healthy' ? (
    <Chip tone="plain" icon="check">
      generator healthy: {lag}
    </Chip>
  ) : (
    <Chip tone={generator.verdict === 'invalid' ? 'bad' : 'warn'}>
      generator {generator.verdict}: {lag}
    </Chip>
  )
}

interface TileText {
  readonly name: string
  readonly parts: NumberParts
  readonly note: string
}

/** As many samples lie beyond a quantile before it is shown in large type. */
const SAMPLES_FOR_P99 = 100

function tilesOf(step: LoadStep): readonly TileText[] {
  const response = judgedResponse(step)
  const of = `of ${formatCount(response.count)}`
  const latency = (name: string, q: number, enough: boolean): TileText => ({
    name,
    parts: partsOfMs(enough ? quantileMs(response, q) : undefined),
    note: enough ? of : 'too few requests',
  })
  const offered = step.arrivals === 'closed' ? 'nothing is offered' : `offered ${offeredText(step)}`
  return [
    latency('p50 latency', 0.5, response.count > 0),
    latency('p95 latency', 0.95, response.count >= 20),
    latency('p99 latency', 0.99, response.count >= SAMPLES_FOR_P99),
    latency('slowest', 1, response.count > 0),
    {
      name: 'Throughput',
      parts: { value: formatNumber(step.achievedRatePerSecond), unit: '/s' },
      note: offered,
    },
    {
      name: 'Errors',
      parts: partsOfFraction(step.overall.requests === 0 ? undefined : step.errors / step.overall.requests),
      note: `${formatCount(step.errors)} of ${formatCount(step.overall.requests)}`,
    },
  ]
}

/** Where users send several requests each, their rate is not that of the requests. */
function offeredText({ offeredRatePerSecond, requestsPerUser }: LoadStep): string {
  return requestsPerUser === undefined
    ? formatRate(offeredRatePerSecond)
    : `${formatNumber(offeredRatePerSecond)} users/s`
}

function Tiles({ step }: { readonly step: LoadStep }) {
  return (
    <div class="card tiles">
      {tilesOf(step).map(({ name, parts, note }) => (
        <div class="tile" key={name}>
          <div class="name">{name}</div>
          <div class="value">
            {parts.value}
            <span class="unit">{parts.unit}</span>
          </div>
          <div class="change">{note}</div>
        </div>
      ))}
    </div>
  )
}
