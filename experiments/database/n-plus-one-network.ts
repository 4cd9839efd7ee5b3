/** The arms of `n-plus-one` with a database a millisecond away: what a round trip costs is what the batch saves, a hundred times. */
import { defineExperiment } from '../define.ts'
import { far, farDatabase } from '../far-database.ts'
import { experiment as onLoopback } from './n-plus-one.ts'

export const experiment = defineExperiment({
  ...onLoopback,
  upstream: farDatabase,
  before: far(onLoopback.before),
  after: far(onLoopback.after),
  expects: { metric: 'p50', atLeast: 10 },
})
