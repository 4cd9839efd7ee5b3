/** The whole report in the order a reader asks: what happened, how sure, why, what to do, what was not seen, how it was measured. */
import type { RunReport } from '@whetstone/model'
import { summaryOf } from '../reading/summary.ts'
import { BeforeAfter } from './before-after.tsx'
import { Coverage } from './coverage.tsx'
import { Cpu } from './cpu.tsx'
import { Findings } from './findings.tsx'
import { Footer } from './footer.tsx'
import { Frame } from './frame.tsx'
import { Head } from './head.tsx'
import { Ladder } from './ladder.tsx'
import { Latency } from './latency.tsx'
import { Log } from './log.tsx'
import { Routes } from './routes.tsx'

const sections = [
  ['The result', Head],
  ['The log', Log],
  ['The comparison', BeforeAfter],
  ['The ladder', Ladder],
  ['The findings', Findings],
  ['The coverage', Coverage],
  ['Latency over time', Latency],
  ['The routes', Routes],
  ['The CPU profile', Cpu],
  ['The method', Footer],
] as const

const places = [
  ['result', 'Result'],
  ['findings', 'Findings'],
  ['latency', 'Latency'],
  ['cpu', 'CPU'],
  ['method', 'Method'],
] as const

export function Page({ report }: { readonly report: RunReport }) {
  return (
    <Frame
      report={report}
      skipTo={['findings', 'the findings']}
      sections={sections}
      places={places}
      summary={() => summaryOf(report)}
    />
  )
}
