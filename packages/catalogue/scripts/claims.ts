/** docs/claims.md: what is commonly promised of a practice, and what its experiment measured here. */
import { median, quantileInterval } from '@whetstone/stats'
import { type ExperimentResult, resultOf, type StoredPlan } from './results.ts'

interface Claim {
  readonly promised: string
  readonly by: string
  /** Where in experiments/results. */
  readonly experiment: string
  /** What ran, in a few words. */
  readonly ran: string
  /** Of the plans rather than of the time. */
  readonly blocks?: boolean
  /** Of a cache on the network rather than of the request: how long the service waits for it. */
  readonly cacheRead?: boolean
  /** Of a count: what is gone, in percent, as it was promised. */
  readonly gone?: boolean
}

const roadmap = 'the roadmap'

const claims: readonly Claim[] = [
  {
    promised: 'a connection pool: 5 to 10 times faster',
    by: roadmap,
    experiment: 'database/connection-pooling',
    ran: 'ten statements a request, each over a connection of its own, against the pool of the runtime',
  },
  {
    promised: 'the right index: 30 % less I/O',
    by: roadmap,
    experiment: 'database/missing-index',
    ran: 'the orders of a customer among 1.2 million, blocks read by the statement',
    blocks: true,
  },
  {
    promised: 'the right index: 100 times faster',
    by: 'our own aim',
    experiment: 'database/missing-index',
    ran: 'the same, the whole request',
  },
  {
    promised: 'a batch instead of N+1: 10 times',
    by: 'our own aim',
    experiment: 'database/n-plus-one-network',
    ran: 'a list of 100 with its customers, the database a millisecond away',
  },
  {
    promised: 'a batch instead of N+1 on one machine: 3 times',
    by: 'our own aim',
    experiment: 'database/n-plus-one',
    ran: 'the same over loopback, where a round trip takes 0.07 ms',
  },
  {
    promised: 'keyset pages at a depth of 100,000 rows: 20 times',
    by: 'our own aim',
    experiment: 'database/keyset-pagination-deep',
    ran: 'pages from 100,000 to 350,000 rows deep',
  },
  {
    promised: 'one insert for many rows: 50 times',
    by: 'our own aim',
    experiment: 'database/batch-writes-many',
    ran: '600 rows, each with a commit that reaches the disk, against one statement by `insertMany` of the runtime',
  },
  {
    promised: 'a stream of 200,000 rows instead of a buffer: 4 times less memory',
    by: 'our own aim',
    experiment: 'database/streaming',
    ran: 'an export in NDJSON, by `ndjsonStream` of the runtime against rows and text held whole: growth of the process at its peak',
  },
  {
    promised: 'a prepared six-way join: 2 times',
    by: 'our own aim',
    experiment: 'database/prepared-statements',
    ran: 'four of them a request',
  },
  {
    promised: 'read replicas for reads',
    by: roadmap,
    experiment: 'database/read-replicas',
    ran: 'a primary and a replica with a core each, against the primary alone',
  },
  {
    promised: 'cache-aside on hot reads: 90 % less database load',
    by: roadmap,
    experiment: 'caching/cache-aside',
    ran: '600 requests for 50 products by their rank (Zipf), from an empty Redis: more requests in each time to live leave less',
    gone: true,
  },
  {
    promised: 'a CDN: 50 % less latency (2 times)',
    by: roadmap,
    experiment: 'caching/cdn-static',
    ran: 'files of a service 40 ms away, with nginx as the cache beside the reader against the way to the service',
  },
  {
    promised: 'a CDN: the load of the origin',
    by: roadmap,
    experiment: 'caching/cdn-static-origin',
    ran: 'the same: requests that still reach the service, of 240, the cache being empty at first',
  },
  {
    promised: 'Redis answers below a millisecond',
    by: roadmap,
    experiment: 'caching/application-cache',
    ran: 'GET of 42 kB by ioredis over loopback at 120 requests a second, as the service waits for it, watched by the probe',
    cacheRead: true,
  },
]

export function renderClaims(): string {
  const rows = claims.map(claim => [
    claim.promised,
    claim.by,
    claim.ran,
    measured(claim),
    `[${claim.experiment}](../experiments/${claim.experiment}.ts)`,
  ])
  return `# Claims, and what was measured

Written by \`npm run docs\` from the stored results of the experiments; \`npm run experiment -- <chapter>/<name>\` measures one again. Ratios are before ÷ after with their
95 % interval, of whole HTTP requests to a small service on two shared cores, database on the same machine. Where something else is counted, the ratio is that of the
medians, and the interval that of the median of the rounds.

| promised | by | what ran | measured here | experiment |
| --- | --- | --- | --- | --- |
${rows.map(cells => `| ${cells.join(' | ')} |`).join('\n')}
`
}

function measured({ experiment, blocks, cacheRead, gone }: Claim): string {
  const result = resultOf(experiment)
  if (result?.ratio === undefined) return 'not proved yet'
  if (blocks) {
    const [before, after] = [blocksOf(result.plans?.before), blocksOf(result.plans?.after)]
    return before === undefined || after === undefined
      ? 'not seen'
      : `${before.toLocaleString('en')} blocks before, ${after.toLocaleString('en')} after: −${((1 - after / before) * 100).toFixed(1)} %`
  }
  if (cacheRead) return result.cacheReadP50Ms === undefined ? 'not seen' : `p50 ${result.cacheReadP50Ms} ms`
  if (gone && typeof result.ratio === 'number')
    return `${median(result.before ?? [])} ${result.counts} before, ${median(result.after ?? [])} after: −${((1 - 1 / result.ratio) * 100).toFixed(1)} %`
  if (typeof result.ratio === 'number') return drilled(result, result.ratio)
  const { estimate, low, high } = result.ratio
  return `${result.metric} ${digits(estimate)}× (${digits(low)} to ${digits(high)}), ${result.verdict}`
}

function drilled({ counts, verdict, better, before = [], after = [] }: ExperimentResult, ratio: number): string {
  const ratios = before.map((one, round) => (better === 'less' ? one / after[round]! : after[round]! / one))
  const { low, high } = quantileInterval(ratios, 0.5)
  return `${digits(ratio)}× ${better === 'less' ? 'fewer ' : 'the '}${counts} (${digits(low)} to ${digits(high)}), ${verdict}`
}

function blocksOf(plans: readonly StoredPlan[] | undefined): number | undefined {
  const root = plans?.find(({ kind }) => kind === 'analyze')?.root
  return root && (root.sharedHitBlocks ?? 0) + (root.sharedReadBlocks ?? 0)
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}
