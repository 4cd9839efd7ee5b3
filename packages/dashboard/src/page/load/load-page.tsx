/** The page of a load test: the verdict, what was searched for, latency from the schedule, and whether the generator can be believed. */
import type { LoadReport } from '@whetstone/model'
import { loadSummaryOf } from '../../reading/load-summary.ts'
import { Frame } from '../frame.tsx'
import { Capacity } from './capacity.tsx'
import { Generator } from './generator.tsx'
import { LoadFooter } from './load-footer.tsx'
import { LoadHead } from './load-head.tsx'
import { OverTime } from './over-time.tsx'
import { Parts } from './parts.tsx'
import { LoadRoutes } from './load-routes.tsx'
import { Slowest } from './slowest.tsx'
import { Soak } from './soak.tsx'
import { Spike } from './spike.tsx'
import { Stress } from './stress.tsx'

const sections = [
  ['The result', LoadHead],
  ['The capacity', Capacity],
  ['The overload', Stress],
  ['The trends', Soak],
  ['The spike', Spike],
  ['The latency', Parts],
  ['The course of it', OverTime],
  ['The routes', LoadRoutes],
  ['The slowest requests', Slowest],
  ['The generator', Generator],
  ['The method', LoadFooter],
] as const

const places = [
  ['result', 'Result'],
  ['latency', 'Latency'],
  ['course', 'Over time'],
  ['routes', 'Routes'],
  ['generator', 'Generator'],
  ['method', 'Method'],
] as const

export function LoadPage({ report }: { readonly report: LoadReport }) {
  return (
    <Frame
      report={report}
      skipTo={['latency', 'the latency']}
      sections={sections}
      places={places}
      summary={() => loadSummaryOf(report)}
    />
  )
}
