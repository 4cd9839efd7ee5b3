/** Every practice there is a module for, in the order of the roadmap: the one list the loop, the pages and the coverage are made from. */
import type { AnyPractice } from '@whetstone/model'
import { apiPagination } from './api/api-pagination.ts'
import { payloadLimits } from './api/payload-limits.ts'
import { responseCompression } from './api/response-compression.ts'
import { serializationFormat } from './api/serialization-format.ts'
import { eventLoopBlocking } from './application/event-loop-blocking.ts'
import { memoryLeak } from './application/memory-leak.ts'
import { syncIo } from './application/sync-io.ts'
import { applicationCache } from './caching/application-cache.ts'
import { cacheAside } from './caching/cache-aside.ts'
import { cacheExpensiveComputations } from './caching/cache-expensive-computations.ts'
import { cacheFailure } from './caching/cache-failure.ts'
import { cacheInvalidation } from './caching/cache-invalidation.ts'
import { cacheStampede } from './caching/cache-stampede.ts'
import { cdnStatic } from './caching/cdn-static.ts'
import { clientSideCaching } from './caching/client-side-caching.ts'
import { etagValidation } from './caching/etag-validation.ts'
import { hitRatio } from './caching/hit-ratio.ts'
import { httpCacheHeaders } from './caching/http-cache-headers.ts'
import { inMemoryStore } from './caching/in-memory-store.ts'
import { readThrough } from './caching/read-through.ts'
import { redisUses } from './caching/redis-uses.ts'
import { serverSideCaching } from './caching/server-side-caching.ts'
import { ttl } from './caching/ttl.ts'
import { writeBack } from './caching/write-back.ts'
import { writeThrough } from './caching/write-through.ts'
import { batchReads } from './database/batch-reads.ts'
import { batchWrites } from './database/batch-writes.ts'
import { compositeIndex } from './database/composite-index.ts'
import { connectionPooling } from './database/connection-pooling.ts'
import { connectionUsage } from './database/connection-usage.ts'
import { countStarPagination } from './database/count-star-pagination.ts'
import { dataRetention } from './database/data-retention.ts'
import { dbCacheHit } from './database/db-cache-hit.ts'
import { dbCachingLayer } from './database/db-caching-layer.ts'
import { dbProfilingTools } from './database/db-profiling-tools.ts'
import { denormalise } from './database/denormalise.ts'
import { duplicateQueries } from './database/duplicate-queries.ts'
import { eagerVsLazy } from './database/eager-vs-lazy.ts'
import { explainPlans } from './database/explain-plans.ts'
import { foreignKeyIndex } from './database/foreign-key-index.ts'
import { isolationLevel } from './database/isolation-level.ts'
import { joinOptimisation } from './database/join-optimisation.ts'
import { indexUsage } from './database/index-usage.ts'
import { keysetPagination } from './database/keyset-pagination.ts'
import { limitResultSets } from './database/limit-result-sets.ts'
import { lockContention } from './database/lock-contention.ts'
import { missingIndex } from './database/missing-index.ts'
import { nPlusOneHttp } from './database/n-plus-one-http.ts'
import { nPlusOne } from './database/n-plus-one.ts'
import { ormQueries } from './database/orm-queries.ts'
import { partitioning } from './database/partitioning.ts'
import { poolLeak } from './database/pool-leak.ts'
import { poolSize } from './database/pool-size.ts'
import { poolTimeouts } from './database/pool-timeouts.ts'
import { readReplicas } from './database/read-replicas.ts'
import { replicationRedundancy } from './database/replication-redundancy.ts'
import { preparedStatements } from './database/prepared-statements.ts'
import { selectNeededColumns } from './database/select-needed-columns.ts'
import { sequentialIndependentQueries } from './database/sequential-independent-queries.ts'
import { sharding } from './database/sharding.ts'
import { slowQueries } from './database/slow-queries.ts'
import { staleStatistics } from './database/stale-statistics.ts'
import { tempSpill } from './database/temp-spill.ts'
import { transactionLength } from './database/transaction-length.ts'
import { vacuumHealth } from './database/vacuum-health.ts'
import { availability } from './foundations/availability.ts'
import { businessImpact } from './foundations/business-impact.ts'
import { concurrencyLimit } from './foundations/concurrency-limit.ts'
import { errorRate } from './foundations/error-rate.ts'
import { latencyVsThroughput } from './foundations/latency-vs-throughput.ts'
import { percentilesOverAverages } from './foundations/percentiles-over-averages.ts'
import { redMethod } from './foundations/red-method.ts'
import { resourceEfficiency } from './foundations/resource-efficiency.ts'
import { responseTimeTarget } from './foundations/response-time-target.ts'
import { speedScalabilityReliability } from './foundations/speed-scalability-reliability.ts'
import { useMethod } from './foundations/use-method.ts'
import { avoidPrematureOptimisation } from './measurement/avoid-premature-optimisation.ts'
import { benchmarkMethodology } from './measurement/benchmark-methodology.ts'
import { cpuProfiling } from './measurement/cpu-profiling.ts'
import { criticalPaths } from './measurement/critical-paths.ts'
import { flameGraphs } from './measurement/flame-graphs.ts'
import { identifyBottleneck } from './measurement/identify-bottleneck.ts'
import { loadTesting } from './measurement/load-testing.ts'
import { measureFirst } from './measurement/measure-first.ts'
import { memoryProfiling } from './measurement/memory-profiling.ts'
import { optimiseBiggestFirst } from './measurement/optimise-biggest-first.ts'
import { profileBeforeOptimise } from './measurement/profile-before-optimise.ts'
import { stressTesting } from './measurement/stress-testing.ts'
import { validateChange } from './measurement/validate-change.ts'
import { clusterCores } from './scaling/cluster-cores.ts'
import { horizontalVsVertical } from './scaling/horizontal-vs-vertical.ts'
import { loadHarness } from './testing/load-harness.ts'
import { realisticData } from './testing/realistic-data.ts'
import { soakTest } from './testing/soak-test.ts'

export { isAsset } from './derive/assets.ts'
export { hitCurve } from './derive/cache-simulation.ts'
export { chosenIndexes, isNeeded } from './derive/index-advice.ts'
export { candidateKey, indexDefinition, proposalText, quoted, usesTrigrams } from './derive/index-sql.ts'
export type { Proposal } from './derive/index-sql.ts'
export { timeShares } from './derive/time-shares.ts'
export { roadmap, roadmapRow } from './roadmap.ts'

/** Explicit, so that one look says what is checked; a test holds it to the order of the roadmap. */
export const practices: readonly AnyPractice[] = [
  responseTimeTarget,
  latencyVsThroughput,
  percentilesOverAverages,
  useMethod,
  redMethod,
  errorRate,
  availability,
  concurrencyLimit,
  resourceEfficiency,
  businessImpact,
  speedScalabilityReliability,
  measureFirst,
  identifyBottleneck,
  optimiseBiggestFirst,
  validateChange,
  profileBeforeOptimise,
  cpuProfiling,
  memoryProfiling,
  flameGraphs,
  loadTesting,
  stressTesting,
  benchmarkMethodology,
  avoidPrematureOptimisation,
  criticalPaths,
  nPlusOne,
  nPlusOneHttp,
  missingIndex,
  compositeIndex,
  indexUsage,
  foreignKeyIndex,
  slowQueries,
  explainPlans,
  selectNeededColumns,
  limitResultSets,
  keysetPagination,
  countStarPagination,
  connectionPooling,
  poolSize,
  poolTimeouts,
  connectionUsage,
  poolLeak,
  ormQueries,
  duplicateQueries,
  eagerVsLazy,
  batchReads,
  batchWrites,
  sequentialIndependentQueries,
  joinOptimisation,
  denormalise,
  preparedStatements,
  transactionLength,
  isolationLevel,
  lockContention,
  vacuumHealth,
  staleStatistics,
  dataRetention,
  dbCacheHit,
  tempSpill,
  readReplicas,
  replicationRedundancy,
  partitioning,
  sharding,
  dbProfilingTools,
  dbCachingLayer,
  cacheExpensiveComputations,
  cacheAside,
  readThrough,
  writeThrough,
  writeBack,
  httpCacheHeaders,
  etagValidation,
  clientSideCaching,
  serverSideCaching,
  cdnStatic,
  inMemoryStore,
  applicationCache,
  cacheInvalidation,
  cacheStampede,
  ttl,
  hitRatio,
  redisUses,
  cacheFailure,
  payloadLimits,
  responseCompression,
  apiPagination,
  serializationFormat,
  eventLoopBlocking,
  syncIo,
  memoryLeak,
  horizontalVsVertical,
  clusterCores,
  soakTest,
  realisticData,
  loadHarness,
]

const byId = new Map(practices.map(practice => [practice.id, practice]))

/** Undefined for a row of the roadmap without a module, and for an unknown id. */
export function practiceById(id: string): AnyPractice | undefined {
  return byId.get(id)
}
