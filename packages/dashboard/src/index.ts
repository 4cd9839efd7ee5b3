/** The report of a run as one HTML file that needs no network, no server and no trust in what it shows. */
export { renderLadder, renderLoadReport, renderReport } from './render-report.ts'
export { generatorStep, loadVerdictOf } from './reading/load-verdict.ts'
export { statusClassesOf } from './reading/status-classes.ts'
