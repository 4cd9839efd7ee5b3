/** Whether the service was ever under load for so long that slow leaks and drift could show. */
import { ask, definePractice, type EarlierLoad, type Fact, type Outcome, pass, unknown } from '@whetstone/model'
import { bytesText, fact, msText } from '../derive/figures.ts'

export const soakTest = definePractice({
  id: 'soak-test',
  chapter: 'testing',
  title: 'Soak test',
  why: 'A leak of a kilobyte a second, a log that fills a disk or a pool that loses a connection an hour are not seen in a minute, and end a service in a week.',
  unless: ['Every instance is replaced within hours anyway.', 'The process ends with its job.'],
  sources: [
    'https://grafana.com/docs/k6/latest/testing-guides/test-types/soak-testing/',
    'https://sre.google/workbook/canarying-releases/',
  ],
  needs: ['history'],
  thresholds: {
    durationMs: {
      value: 1_800_000,
      unit: 'ms',
      source: 'half an hour: below, a trend of a few megabytes an hour is within the noise of a heap',
    },
  },
  remedy: {
    summary: 'Hold a constant load for half an hour or longer before a release, and look at what grows.',
    library: 'whetstone load soak',
    example: {
      language: 'ts',
      before: `// the longest test so far: 20 s`,
      after: `// whetstone load soak --duration 30m -- node server.js`,
    },
  },
  detect({ history }, { durationMs }) {
    const soaks = (history.loads ?? []).filter(
      load =>
        load.kind === 'soak' &&
        measuredMs(load) >= durationMs * whole &&
        load.verdict !== 'invalid' &&
        load.verdict !== 'aborted',
    )
    const last = soaks.at(-1)
    if (!last)
      return unknown(
        ['history'],
        `no load of ${msText(durationMs)} or longer yet: leaks and drift that are slower than that are not known`,
        'whetstone load soak --duration 30m -- <command>',
      )
    const growing = (last.trends ?? []).filter(({ verdict }) => verdict === 'grows')
    const facts = factsOf(last)
    if (growing.length === 0) return judgeCalm(last, facts)
    const named = growing.map(
      ({ metric, unit, slopePerHour: { estimate } = { estimate: 0 } }) =>
        `${words[metric]} (${unit === 'bytes' ? bytesText(estimate) : unit === 'ms' ? msText(estimate) : Math.round(estimate)} an hour)`,
    )
    return ask(
      `In the soak of ${last.startedAt.slice(0, 10)} grew: ${named.join(', ')}. Has that been mended since?`,
      facts,
    )
  },
})

/** The last second of a soak may be cut off by the answer it waited for. */
const whole = 0.99

/** Start and warm-up are no time under load. */
const measuredMs = ({ durationMs, measured }: EarlierLoad): number => measured?.durationMs ?? durationMs

/** That no growth was seen says little where nothing was seen to be steady. */
function judgeCalm(last: EarlierLoad, facts: readonly Fact[]): Outcome {
  const named = (wanted: 'steady' | 'unclear') =>
    (last.trends ?? []).filter(({ verdict }) => verdict === wanted).map(({ metric }) => words[metric])
  const [steady, unclear] = [named('steady'), named('unclear')]
  const seen = `${msText(measuredMs(last))} under load on ${last.startedAt.slice(0, 10)}`
  if (steady.length === 0)
    return unknown(
      ['history'],
      `${seen}, and ${unclear.length === 0 ? 'no figure was watched' : `whether it grows is not clear of ${unclear.join(', ')}`}`,
      'whetstone load soak --duration 60m -- <command>',
    )
  return pass(
    facts,
    `${seen}, and nothing was seen to grow: ${steady.join(', ')} steady${unclear.length === 0 ? '' : `; not clear of ${unclear.join(', ')}`}`,
  )
}

const words = {
  p50: 'p50',
  p95: 'p95',
  'resident-memory': 'resident memory',
  'heap-after-collection': 'the heap after full collections',
  'open-handles': 'open handles',
} as const

function factsOf(load: EarlierLoad): readonly Fact[] {
  const { trends = [] } = load
  return [
    fact('longest telling load', measuredMs(load), 'ms', 'history'),
    fact('figures that grew', trends.filter(({ verdict }) => verdict === 'grows').length, 'count', 'history'),
  ]
}
