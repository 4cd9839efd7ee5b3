/** Starts the page: reads the run or the load test that was embedded and shows it, or says what is wrong with the file. */
import type { LoadReport, RunReport } from '@whetstone/model'
import { render } from 'preact'
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
  const report = JSON.parse(document.getElementById('report')!.textContent) as RunReport | LoadReport
  render(report.schema === 'whetstone/load@1' ? <LoadPage report={report} /> : <Page report={report} />, page)
} catch (error) {
  page.textContent = `This report could not be shown: ${String(error)}. The numbers are still in the file, as JSON.`
}
