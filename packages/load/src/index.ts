/** The load engine: an open model over raw HTTP/1.1 that times every request from the instant it was due. */
export type { LoadResult } from './engine/live.ts'
export { loadTarget } from './plan.ts'
export type { LoadPlan } from './plan.ts'
export { run } from './process/run.ts'
export { runInProcess } from './run-in-process.ts'
export type { RunOptions } from './run-in-process.ts'
