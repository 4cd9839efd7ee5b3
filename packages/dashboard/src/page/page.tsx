/** The whole report in the order a reader asks: what happened, how sure, why, what to do, what was not seen, how it was measured. */
import type { RunReport } from '@whetstone/model'
import { BeforeAfter } from './before-after.tsx'
import { Coverage } from './coverage.tsx'
import { Cpu } from './cpu.tsx'
import { Findings } from './findings.tsx'
import { Footer } from './footer.tsx'
import { Head } from './head.tsx'
import { Ladder } from './ladder.tsx'
import { Latency } from './latency.tsx'
import { Log } from './log.tsx'
import { Routes } from './routes.tsx'
import { TopBar } from './top-bar.tsx'

export function Page({ report }: { readonly report: RunReport }) {
  return (
    <>
      <a class="skip" href="#findings">
        Skip to the findings
      </a>
      <TopBar report={report} />
      <main class="wrap">
        <Head report={report} />
        {report.verdict === 'failed' && <Log report={report} />}
        <BeforeAfter report={report} />
        <Ladder report={report} />
        <Findings report={report} />
        <Coverage report={report} />
        <Latency report={report} />
        <Routes report={report} />
        <Cpu report={report} />
        <Footer report={report} />
      </main>
    </>
  )
}
