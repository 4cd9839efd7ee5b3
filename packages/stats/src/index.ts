/** Pure numbers for judging measurements: nothing here reads a clock, a file or a dice of its own. */
export { Histogram } from './histogram.ts'
export type { Bucket, HistogramJson } from './histogram.ts'
export { exponential, normal, randomInteger, seededRandom, shuffled } from './random.ts'
export type { Random } from './random.ts'
