/** Whether the percentiles of this service are kept from change to change, so that each index and each cache shows what it gave. */
import { definePractice, pass, unknown } from '@whetstone/model'
import { measuredStep } from '../derive/load.ts'
import { countText, fact, msText } from '../derive/figures.ts'
import { Histogram } from '@whetstone/stats'

export const loadHarness = definePractice({
  id: 'load-harness',
  chapter: 'testing',
  title: 'Load harness charting percentiles as indexes and caching are added',
  why: 'A figure alone says little; a line of figures under the same load says which change helped, which did nothing, and since when it is slow.',
  unless: ['The service is not changed any more.'],
  sources: [
    'https://www.oreilly.com/library/view/systems-performance-2nd/9780136821694/',
    'https://arxiv.org/abs/2003.00584',
  ],
  needs: ['history'],
  optional: ['load-curve'],
  thresholds: {
    runs: { value: 2, unit: 'count', source: 'with this one three points: two only tell that something changed' },
  },
  remedy: {
    summary: 'Measure after each change with the same load, and keep the runs beside the code.',
    library: 'whetstone diagnose, whetstone history',
    example: {
      language: 'ts',
      before: `// "the index helped": from what to what, and since when?`,
      after: `// whetstone history: p95 412 ms, then 96 ms with the index, then 31 ms with the cache`,
    },
  },
  detect({ history, 'load-curve': curve }, { runs }) {
    const p95s = history.earlier.flatMap(({ p95Ms }) => (p95Ms === undefined || p95Ms <= 0 ? [] : [p95Ms]))
    if (p95s.length < runs)
      return unknown(
        ['history'],
        p95s.length === 0
          ? 'this is the first run here: the line begins with it'
          : `${countText(p95s.length)} earlier run: one more and there is a line`,
        'whetstone diagnose -- <command>, after each change; whetstone history lists them',
      )
    const response = curve && measuredStep(curve)?.overall.response
    const now = response && response.count > 0 ? [Histogram.fromJSON(response).quantile(0.95) / 1_000] : []
    const line = [...p95s, ...now].slice(-5)
    return pass(
      [
        fact('runs kept with their percentiles', p95s.length, 'count', 'history'),
        fact('p95 of the last of them', p95s.at(-1)!, 'ms', 'history'),
      ],
      `p95 over the last ${countText(line.length)} runs: ${line.map(msText).join(', ')}`,
    )
  },
})
