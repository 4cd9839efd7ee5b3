/** The load engine: an open model over raw HTTP/1.1 that times every request from the instant it was due. */
export { peakRatePerSecond } from './arrivals/rate-curve.ts'
export { parseShape } from './arrivals/shape-text.ts'
export type { LoadResult } from './engine/live.ts'
export { openOutputs } from './output/open.ts'
export { loadTarget } from './plan.ts'
export type { LoadPlan } from './plan.ts'
export { run } from './process/run.ts'
export { runInProcess } from './run-in-process.ts'
export type { RunOptions } from './run-in-process.ts'
export { check, contains, json, matches } from './scenario/check.ts'
export type { CompiledScenario } from './scenario/compiled.ts'
export { csv, generate, jsonl, list, range, sql } from './scenario/data/feeder.ts'
export {
  call,
  del,
  exponential,
  flow,
  get,
  head,
  isScenario,
  patch,
  post,
  put,
  request,
  scenario,
  think,
} from './scenario/define.ts'
export type { Scenario } from './scenario/define.ts'
export type { Flow, ScenarioDefinition, ScenarioUser, Step } from './scenario/definition.ts'
export { cookie, header, jsonPath, regex, status } from './scenario/extract.ts'
export { loadScenario } from './scenario/load-scenario.ts'
export { findCapacity } from './search/capacity.ts'
export type { CapacitySearch, CapacitySettings } from './search/capacity.ts'
export { judgeThresholds } from './thresholds/judge.ts'
export { exitCodeOf, verdictOf } from './thresholds/outcome.ts'
export type { RunOutcome } from './thresholds/outcome.ts'
export { parseThreshold } from './thresholds/parse.ts'
export { metricName, metricValueText, resultText } from './thresholds/text.ts'
