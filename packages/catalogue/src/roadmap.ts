/** The whole roadmap as data: every practice there is to know, in its order, whether or not a module serves it yet. */
import type { Chapter } from '@whetstone/model'

export interface RoadmapRow {
  /** kebab-case; equals the file name of the module, its page and its experiment. */
  readonly id: string
  readonly chapter: Chapter
  readonly title: string
  /** `roadmap`: named by the roadmap itself. `derived`: follows from it and is needed beside it. */
  readonly kind: 'roadmap' | 'derived'
  /** AUTO: a machine decides. PARTIAL: evidence and a question. MANUAL: can only be asked. */
  readonly mark: 'AUTO' | 'PARTIAL' | 'MANUAL'
  /** 1 is worth most. */
  readonly tier: 1 | 2 | 3
  /** The row whose reading of the evidence serves this one too. */
  readonly sharesDetectorWith?: string
}

type Entry = readonly [
  id: string,
  title: string,
  kind: RoadmapRow['kind'],
  mark: RoadmapRow['mark'],
  tier: RoadmapRow['tier'],
  sharesDetectorWith?: string,
]

/** All rows, in the order of the roadmap: chapter by chapter. */
export const roadmap: readonly RoadmapRow[] = [
  ...chapterRows('foundations', foundations()),
  ...chapterRows('measurement', measurement()),
  ...chapterRows('database', database()),
  ...chapterRows('caching', caching()),
  ...chapterRows('api', api()),
  ...chapterRows('application', application()),
  ...chapterRows('async', asynchronous()),
  ...chapterRows('concurrency', concurrency()),
  ...chapterRows('scaling', scaling()),
  ...chapterRows('network', network()),
  ...chapterRows('security', security()),
  ...chapterRows('observability', observability()),
  ...chapterRows('testing', testing()),
]

const byId = new Map(roadmap.map(row => [row.id, row]))

export function roadmapRow(id: string): RoadmapRow | undefined {
  return byId.get(id)
}

function chapterRows(chapter: Chapter, entries: readonly Entry[]): readonly RoadmapRow[] {
  return entries.map(([id, title, kind, mark, tier, sharesDetectorWith]) => ({
    id,
    chapter,
    title,
    kind,
    mark,
    tier,
    ...(sharesDetectorWith === undefined ? {} : { sharesDetectorWith }),
  }))
}

function foundations(): readonly Entry[] {
  return [
    ['response-time-target', 'Keep user-facing responses under target (200 ms)', 'roadmap', 'AUTO', 1],
    ['latency-vs-throughput', 'Report latency and throughput together, as a curve', 'roadmap', 'AUTO', 1],
    ['percentiles-over-averages', 'Use p50/p95/p99, not means', 'roadmap', 'PARTIAL', 2],
    ['slo-defined', 'Define SLIs, SLOs and SLAs', 'roadmap', 'PARTIAL', 2],
    ['performance-budgets', 'Establish performance budgets', 'roadmap', 'AUTO', 1],
    ['use-method', 'USE: utilisation, saturation, errors for every resource', 'roadmap', 'AUTO', 1],
    ['red-method', 'RED: rate, errors, duration per route', 'roadmap', 'AUTO', 2],
    ['error-rate', 'Track and limit error rate', 'roadmap', 'AUTO', 1],
    ['availability', 'Uptime and availability', 'roadmap', 'PARTIAL', 2],
    [
      'concurrency-limit',
      'Know how many simultaneous requests it sustains',
      'roadmap',
      'AUTO',
      1,
      'horizontal-vs-vertical',
    ],
    ['resource-efficiency', 'Use resources efficiently (cost per request)', 'roadmap', 'AUTO', 2],
    ['business-impact', 'Tie performance to user and business impact', 'roadmap', 'MANUAL', 3],
    ['speed-scalability-reliability', 'Judge speed, scalability and reliability separately', 'roadmap', 'AUTO', 3],
  ]
}

function measurement(): readonly Entry[] {
  return [
    ['measure-first', 'Measure before changing (start of the cycle)', 'roadmap', 'AUTO', 2, 'regression-testing'],
    ['identify-bottleneck', 'Identify the bottleneck first (80/20)', 'roadmap', 'AUTO', 1],
    ['optimise-biggest-first', 'Fix highest-impact first', 'roadmap', 'AUTO', 1, 'identify-bottleneck'],
    ['validate-change', 'Validate the effect of each change', 'roadmap', 'AUTO', 1],
    ['iterate', 'Iterate continuously', 'roadmap', 'AUTO', 3, 'regression-testing'],
    ['profile-before-optimise', 'Profile your code before optimising', 'roadmap', 'AUTO', 1],
    ['cpu-profiling', 'CPU profiling', 'roadmap', 'AUTO', 1, 'profile-before-optimise'],
    ['memory-profiling', 'Memory profiling', 'roadmap', 'AUTO', 1],
    ['flame-graphs', 'Flame graphs', 'roadmap', 'AUTO', 2, 'profile-before-optimise'],
    ['load-testing', 'Load test', 'roadmap', 'AUTO', 1],
    ['stress-testing', 'Stress test past the knee', 'roadmap', 'AUTO', 2, 'load-testing'],
    ['benchmark-methodology', 'Sound benchmarking methodology', 'roadmap', 'AUTO', 1],
    ['avoid-premature-optimisation', 'Avoid premature optimisation', 'roadmap', 'PARTIAL', 3],
    ['critical-paths', 'Optimise critical paths and hot endpoints', 'roadmap', 'AUTO', 1],
    ['apm-in-place', 'Use application performance monitoring', 'roadmap', 'AUTO', 3, 'metrics-collection'],
  ]
}

function database(): readonly Entry[] {
  return [
    ['n-plus-one', 'Avoid N+1 queries (eager loading)', 'roadmap', 'AUTO', 1],
    ['n-plus-one-http', 'Avoid N+1 calls to other services', 'derived', 'AUTO', 1],
    ['missing-index', 'Add the right indexes', 'roadmap', 'AUTO', 1],
    ['composite-index', 'Composite indexes for multi-column queries', 'roadmap', 'AUTO', 1, 'missing-index'],
    ['index-usage', 'Monitor index usage: unused, duplicate, invalid, bloated', 'roadmap', 'AUTO', 2],
    ['foreign-key-index', 'Index foreign keys used in joins/deletes', 'derived', 'AUTO', 1, 'missing-index'],
    ['slow-queries', 'Find slow queries (slow query log)', 'roadmap', 'AUTO', 1],
    ['explain-plans', 'Analyse query plans (EXPLAIN)', 'roadmap', 'AUTO', 1],
    ['select-needed-columns', 'Select only needed columns (no SELECT *)', 'roadmap', 'AUTO', 1],
    ['limit-result-sets', 'Limit result sets', 'roadmap', 'AUTO', 1, 'keyset-pagination'],
    ['keyset-pagination', 'Efficient pagination (keyset, not deep OFFSET)', 'roadmap', 'AUTO', 1],
    ['count-star-pagination', 'Avoid exact counts on every page', 'derived', 'AUTO', 2],
    ['connection-pooling', 'Use connection pooling', 'roadmap', 'AUTO', 1],
    ['pool-size', 'Tune pool size to load', 'roadmap', 'AUTO', 1],
    ['pool-timeouts', 'Idle timeout, acquire timeout, max lifetime', 'roadmap', 'AUTO', 1],
    ['connection-usage', 'Monitor connection usage', 'roadmap', 'AUTO', 2, 'pool-size'],
    ['pool-leak', 'Return connections to the pool', 'derived', 'AUTO', 2],
    ['orm-queries', 'Keep an eye on ORM queries', 'roadmap', 'AUTO', 1],
    ['duplicate-queries', 'No identical query twice in a request', 'derived', 'AUTO', 1],
    ['eager-vs-lazy', 'Choose eager, lazy or batch loading', 'roadmap', 'PARTIAL', 2, 'n-plus-one'],
    ['batch-reads', 'Batch reads', 'roadmap', 'AUTO', 1, 'n-plus-one'],
    ['batch-writes', 'Batch writes', 'roadmap', 'AUTO', 1],
    ['sequential-independent-queries', 'Run independent queries concurrently or in one trip', 'derived', 'PARTIAL', 2],
    ['join-optimisation', 'Optimise joins, drop unnecessary ones', 'roadmap', 'PARTIAL', 2],
    ['denormalise', 'Denormalise read-heavy data when justified', 'roadmap', 'PARTIAL', 2],
    ['prepared-statements', 'Use prepared statements / parameters', 'roadmap', 'AUTO', 2],
    ['transaction-length', 'Keep transactions short', 'roadmap', 'AUTO', 1],
    ['isolation-level', 'Tune isolation levels', 'roadmap', 'PARTIAL', 2],
    ['lock-contention', 'Avoid lock waits and deadlocks', 'derived', 'AUTO', 2],
    ['vacuum-health', 'Vacuum, analyse and maintain', 'roadmap', 'AUTO', 2],
    ['stale-statistics', 'Fresh planner statistics', 'derived', 'AUTO', 2, 'vacuum-health'],
    ['data-retention', 'Clean up unused data', 'roadmap', 'PARTIAL', 3],
    ['db-cache-hit', 'Database working set in memory', 'derived', 'AUTO', 2],
    ['temp-spill', 'No sorts and hashes on disk', 'derived', 'AUTO', 2, 'explain-plans'],
    ['read-replicas', 'Read replicas for read-heavy load', 'roadmap', 'PARTIAL', 2],
    ['replication-redundancy', 'Replication for redundancy', 'roadmap', 'PARTIAL', 3, 'failover'],
    ['partitioning', 'Partition very large tables', 'roadmap', 'PARTIAL', 3],
    ['sharding', 'Shard when one writer is the limit', 'roadmap', 'PARTIAL', 3],
    ['db-profiling-tools', 'Use the database profiler', 'roadmap', 'AUTO', 1, 'slow-queries'],
    ['db-caching-layer', 'Put a cache in front of hot reads', 'roadmap', 'AUTO', 1],
  ]
}

function caching(): readonly Entry[] {
  return [
    ['cache-expensive-computations', 'Cache expensive computations', 'roadmap', 'PARTIAL', 1],
    ['cache-aside', 'Cache-aside pattern', 'roadmap', 'AUTO', 1, 'db-caching-layer'],
    ['read-through', 'Read-through caching', 'roadmap', 'PARTIAL', 3, 'db-caching-layer'],
    ['write-through', 'Write-through caching', 'roadmap', 'PARTIAL', 2],
    ['write-back', 'Write-back (write-behind) caching', 'roadmap', 'PARTIAL', 2],
    ['http-cache-headers', 'HTTP caching headers (Cache-Control)', 'roadmap', 'AUTO', 1],
    ['etag-validation', 'Validators (ETag / Last-Modified, 304)', 'roadmap', 'AUTO', 1],
    ['client-side-caching', 'Let clients cache', 'roadmap', 'AUTO', 2, 'http-cache-headers'],
    ['server-side-caching', 'Server-side cache exists where it pays', 'roadmap', 'AUTO', 2, 'db-caching-layer'],
    ['cdn-static', 'CDN for static and cacheable content', 'roadmap', 'PARTIAL', 2, 'http-cache-headers'],
    ['in-memory-store', 'Use an in-memory store (Redis / Memcached) sensibly', 'roadmap', 'AUTO', 1],
    ['application-cache', 'Application-level (in-process) cache', 'roadmap', 'AUTO', 1],
    ['cache-invalidation', 'Invalidation strategy', 'roadmap', 'PARTIAL', 1],
    ['cache-stampede', 'Avoid cache stampede', 'roadmap', 'AUTO', 1],
    ['ttl', 'Set sensible TTLs', 'roadmap', 'AUTO', 1],
    ['hit-ratio', 'Track cache hit ratio', 'roadmap', 'AUTO', 1],
    ['redis-uses', 'Use Redis for sessions, rate limits, leaderboards', 'roadmap', 'PARTIAL', 3],
    ['cache-failure', 'Survive cache failure', 'derived', 'AUTO', 2],
  ]
}

function api(): readonly Entry[] {
  return [
    ['payload-limits', 'Enforce payload size limits', 'roadmap', 'AUTO', 1],
    ['response-compression', 'Compress responses (gzip / Brotli)', 'roadmap', 'AUTO', 1],
    ['api-pagination', 'Paginate large collections', 'roadmap', 'AUTO', 1, 'keyset-pagination'],
    ['minimise-processing', 'Minimise needless server work', 'roadmap', 'PARTIAL', 2],
    ['field-selection', 'Send only fields needed', 'derived', 'PARTIAL', 3, 'select-needed-columns'],
    ['serialization-format', 'Efficient serialisation', 'roadmap', 'AUTO', 1],
    ['stream-large', 'Stream large requests and responses', 'roadmap', 'AUTO', 1],
    ['critical-endpoints', 'Monitor key endpoints', 'roadmap', 'AUTO', 3, 'critical-paths'],
    ['http-error-fast', 'Validate early, fail fast', 'derived', 'AUTO', 3, 'minimise-processing'],
  ]
}

function application(): readonly Entry[] {
  return [
    ['event-loop-blocking', 'Do not block the event loop', 'roadmap', 'AUTO', 1],
    ['sync-io', 'Use async, non-blocking I/O', 'roadmap', 'AUTO', 1, 'event-loop-blocking'],
    ['background-jobs', 'Offload heavy work to jobs', 'roadmap', 'PARTIAL', 1],
    ['keep-alive', 'Reuse connections (HTTP keep-alive)', 'roadmap', 'AUTO', 1],
    ['algorithms', 'Choose efficient algorithms and data structures', 'roadmap', 'PARTIAL', 1],
    ['worker-pools', 'Tune thread / worker pools', 'roadmap', 'AUTO', 2],
    ['gc-pressure', 'Mind garbage collection', 'roadmap', 'AUTO', 1],
    ['memory-leak', 'No unbounded memory growth', 'roadmap', 'AUTO', 1, 'memory-profiling'],
    ['compiled-languages', 'Compiled language for critical parts', 'roadmap', 'PARTIAL', 3],
    ['batch-similar-requests', 'Batch similar requests', 'roadmap', 'AUTO', 1],
    ['middleware-cost', 'Keep middleware lean', 'derived', 'AUTO', 3],
    ['logging-cost', 'Asynchronous, cheap logging', 'roadmap', 'AUTO', 1],
    ['production-mode', 'Run in production mode', 'derived', 'AUTO', 2],
    ['runtime-version', 'Current runtime version', 'derived', 'AUTO', 3],
  ]
}

function asynchronous(): readonly Entry[] {
  return [
    ['message-brokers', 'Message brokers between services', 'roadmap', 'PARTIAL', 2],
    ['transactional-outbox', 'No dual writes (outbox)', 'derived', 'AUTO', 2],
    ['queue-length', 'Monitor queue length', 'roadmap', 'AUTO', 2],
    ['job-idempotency', 'Retry-safe jobs', 'derived', 'PARTIAL', 3],
    ['job-concurrency', 'Worker concurrency tuned', 'derived', 'AUTO', 3],
  ]
}

function concurrency(): readonly Entry[] {
  return [
    ['timeouts', 'Set timeouts everywhere', 'roadmap', 'AUTO', 1],
    ['retries-backoff', 'Retries with backoff and jitter', 'roadmap', 'AUTO', 1],
    ['circuit-breaker', 'Circuit breaker', 'roadmap', 'AUTO', 1],
    ['bulkhead', 'Bulkheads isolate failures', 'roadmap', 'AUTO', 1],
    ['rate-limiting', 'Rate limiting and throttling', 'roadmap', 'AUTO', 1],
    ['backpressure', 'Backpressure and load shedding', 'roadmap', 'AUTO', 1],
    ['hedging', 'Hedge slow idempotent reads', 'derived', 'PARTIAL', 3],
    ['graceful-degradation', 'Graceful degradation', 'roadmap', 'PARTIAL', 2],
    ['deadlines', 'Propagate cancel/deadline', 'derived', 'AUTO', 2],
  ]
}

function scaling(): readonly Entry[] {
  return [
    ['horizontal-vs-vertical', 'Choose horizontal or vertical scaling', 'roadmap', 'AUTO', 1],
    ['load-balancing', 'Load balancing', 'roadmap', 'PARTIAL', 2],
    ['lb-strategy', 'Right strategy: round robin, least connections, IP hash, geographic', 'roadmap', 'AUTO', 2],
    ['health-checks', 'Health checks', 'roadmap', 'AUTO', 1],
    ['remove-unhealthy', 'Eject unhealthy instances', 'roadmap', 'AUTO', 2, 'health-checks'],
    ['failover', 'Automatic failover', 'roadmap', 'PARTIAL', 2],
    ['statelessness', 'Stateless application', 'roadmap', 'AUTO', 1],
    ['autoscaling', 'Autoscaling policies', 'roadmap', 'PARTIAL', 3],
    ['right-size', 'Right-size compute', 'roadmap', 'AUTO', 2],
    ['cluster-cores', 'Use all cores', 'derived', 'AUTO', 1],
    ['graceful-shutdown', 'Drain on stop', 'derived', 'AUTO', 2],
    ['architecture-style', 'Architectural style, decompose services if needed', 'roadmap', 'MANUAL', 3],
  ]
}

function network(): readonly Entry[] {
  return [
    ['round-trips', 'Reduce round trips', 'roadmap', 'AUTO', 1],
    ['http2-http3', 'HTTP/2 and HTTP/3', 'roadmap', 'AUTO', 2],
    ['locality', 'Keep services close to data', 'roadmap', 'AUTO', 2],
    ['edge', 'Edge computing', 'roadmap', 'MANUAL', 3, 'locality'],
    ['network-latency-bandwidth', 'Network latency and bandwidth', 'roadmap', 'AUTO', 2],
    ['http-overhead', 'Avoid queueing on connections (HTTP/1 head of line)', 'derived', 'AUTO', 2, 'keep-alive'],
    ['static-assets', 'Serve static assets efficiently', 'roadmap', 'AUTO', 3],
    ['tls-reuse', 'TLS session reuse', 'derived', 'AUTO', 3, 'keep-alive'],
    ['dns-cache', 'Avoid DNS on the hot path', 'derived', 'AUTO', 3, 'keep-alive'],
  ]
}

function security(): readonly Entry[] {
  return [
    ['dependencies-current', 'Keep dependencies up to date', 'roadmap', 'AUTO', 3],
    ['auth', 'Proper authentication and authorisation', 'roadmap', 'PARTIAL', 3],
    ['throttling-abuse', 'Throttle expensive endpoints', 'derived', 'AUTO', 2, 'rate-limiting'],
    ['security-audit', 'Regular security audits', 'roadmap', 'MANUAL', 3],
    ['query-injection', 'Parameterised SQL (injection and plan reuse)', 'derived', 'AUTO', 2, 'prepared-statements'],
  ]
}

function observability(): readonly Entry[] {
  return [
    ['metrics-collection', 'Collect metrics', 'roadmap', 'AUTO', 1],
    ['prometheus-stack', 'Use Prometheus / Grafana / ELK class tools', 'roadmap', 'PARTIAL', 3, 'metrics-collection'],
    ['centralised-logging', 'Centralised, structured logging', 'roadmap', 'PARTIAL', 2],
    ['distributed-tracing', 'Distributed tracing across services', 'roadmap', 'AUTO', 1],
    ['dashboards', 'Dashboards', 'roadmap', 'MANUAL', 3, 'alerting'],
    ['alerting', 'Alerts on critical metrics', 'roadmap', 'PARTIAL', 2],
    ['monitor-error-rates', 'Monitor error rates', 'roadmap', 'AUTO', 3, 'red-method'],
    ['track-slow-queries', 'Track slow queries over time', 'roadmap', 'AUTO', 1, 'slow-queries'],
    ['resource-monitoring', 'Monitor CPU and memory', 'roadmap', 'AUTO', 3, 'use-method'],
    ['cache-monitoring', 'Monitor caches and queues', 'roadmap', 'AUTO', 3, 'hit-ratio'],
  ]
}

function testing(): readonly Entry[] {
  return [
    ['regression-testing', 'Continuous performance regression tests', 'roadmap', 'AUTO', 1],
    ['regular-benchmarks', 'Regular benchmarking', 'roadmap', 'AUTO', 3, 'regression-testing'],
    ['soak-test', 'Soak test', 'derived', 'AUTO', 2, 'memory-profiling'],
    ['fault-drills', 'Failure drills (degrade, failover)', 'derived', 'AUTO', 1],
    ['realistic-data', 'Realistic data volume in tests', 'derived', 'PARTIAL', 2],
    [
      'load-harness',
      'Load harness charting percentiles as indexes and caching are added',
      'roadmap',
      'AUTO',
      2,
      'load-testing',
    ],
  ]
}
