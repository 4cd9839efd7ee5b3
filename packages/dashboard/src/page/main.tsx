/** Starts the page: reads the run, the load test or the ladder that was embedded and shows it, or says what is wrong with the file. */
import type { LadderReport, LoadReport, RunReport } from '@whetstone/model'
import { render } from 'preact'
import { LadderPage } from './ladder-page.tsx'
import { LoadPage } from './load/load-page.tsx'
import { Page } from './page.tsx'
import 'uplot/dist/uPlot.min.css'
import './style/tokens.css'
import './style/frame.css'
import './style/tables.css'
import './style/findings.css'
import './style/charts.css'
import './style/load.css'
import './style/media.css'
import { startTheme } from './theme.ts'

startTheme()
const page = document.getElementById('page')!
try {
  const report = JSON.parse(document.getElementById('report')!.textContent) as RunReport | LoadReport | LadderReport
  render(pageOf(report), page)
} catch (error) {
  page.textContent = `This report could not be shown: ${String(error)}. The numbers are still in the file, as JSON.`
}

function pageOf(report: RunReport | LoadReport | LadderReport) {
  switch (report.schema) {
    case 'whetstone/load@1':
      return <LoadPage report={report} />
    case 'whetstone/ladder@1':
      return <LadderPage report={report} />
    default:
      return <Page report={report} />
  }
}
