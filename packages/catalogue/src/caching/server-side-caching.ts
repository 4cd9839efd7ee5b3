/** A service that keeps no answer at all, and has routes whose tail would be much shorter if it did. */
import {
  definePractice,
  type Finding,
  findings,
  notApplicable,
  pass,
  type StatementsEvidence,
  type TracesEvidence,
} from '@whetstone/model'
import { p95Gain, type TailGain } from '../derive/cache-gain.ts'
import { cacheLibraryOf } from '../derive/cache-libraries.ts'
import {
  cacheableFacts,
  type CacheableRead,
  cacheableReads,
  cacheableThresholds,
  boundOf,
  chosenSize,
  isWorthCaching,
  simulationSteps,
} from '../derive/cacheable-reads.ts'
import { cacheProposal } from '../derive/cacheable-finding.ts'
import { effectiveLimits } from '../derive/effective-limits.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'

export const serverSideCaching = definePractice({
  id: 'server-side-caching',
  chapter: 'caching',
  title: 'Server-side cache exists where it pays',
  why: 'Without any cache every request pays for the slowest thing its answer needs, also the ten thousandth that asks for the same.',
  unless: [
    'Every answer must be true to the last write: then make the statement cheap instead.',
    'Nobody asks for the same thing twice within the age an answer may have.',
    'A proxy or CDN in front of the service keeps these answers already.',
  ],
  sources: [
    'https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala',
    'https://www.usenix.org/conference/fast15/technical-sessions/presentation/waldspurger',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg', 'load-curve', 'source'],
  thresholds: {
    p95GainFraction: {
      value: 0.2,
      unit: 'fraction',
      source:
        'a fifth of the tail is felt, and worth the first cache of a service with all that it asks of its writers',
    },
  },
  remedy: {
    summary: 'Begin with one small cache in the process, in front of the route that gains most.',
    library: '@whetstone/runtime/cache Cache, or lru-cache with fetchMethod',
    example: {
      language: 'ts',
      before: `app.get('/products/:id', async request => (await pool.query(sql, [request.params.id])).rows[0])`,
      after: `const products = new LRUCache({ max: 1_000, ttl: 60_000, fetchMethod: id => load(id) }) // at the top of the module
app.get('/products/:id', request => products.fetch(request.params.id))  // one load, however many ask`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'
const cache = new Cache({ name: 'products', maxEntries: 1_000, defaults: { ttlMs: 60_000 } })
const { rows } = await cache.getOrLoad(\`product:\${id}\`, () => pool.query(sql, [id]))`,
  },
  detect({ traces, statements, pg, 'load-curve': load, source }, thresholds, overrides) {
    const library = cacheLibraryOf(source)
    if (library !== undefined) return notApplicable(`the project has a cache: ${library}`)
    if ((traces.cache?.servers.length ?? 0) > 0) return notApplicable('the service talks to a cache already')
    const isLoad = load !== undefined
    const limits = effectiveLimits(cacheableThresholds, 'db-caching-layer', overrides)
    const reads = cacheableReads({ traces, statements, pg, isLoad }, limits, overrides)
    if (!reads) return notApplicable('nobody noted which keys were read')
    const [heaviest] = reads
    if (!heaviest) return pass([], 'no read that a cache could answer takes much of its route')
    const tails = reads
      .filter(isWorthCaching)
      .map(read => ({ read, tail: p95Gain(read.route, read.statement.id, chosenSize(read).hitFraction) }))
    const found = tails.filter(({ tail }) => tail.gainFraction >= thresholds.p95GainFraction)
    if (found.length > 0)
      return findings(found.map(({ read, tail }) => describe(read, tail, isLoad, statements, traces)))
    const [best] = tails.toSorted((a, b) => b.tail.gainFraction - a.tail.gainFraction)
    return best
      ? pass(factsOf(best.read, best.tail), `a cache would take ${percentText(best.tail.gainFraction)} off the p95`)
      : pass(cacheableFacts(heaviest), `a cache would not pay here: ${heaviest.refusal}`)
  },
})

const factsOf = (read: CacheableRead, { beforeMs, afterMs }: TailGain): Finding['facts'] => [
  fact('p95 of the route', beforeMs, 'ms', 'traces'),
  fact('p95 with the cache, predicted', afterMs, 'ms', 'traces'),
  ...cacheableFacts(read),
]

function describe(
  read: CacheableRead,
  tail: TailGain,
  isLoad: boolean,
  statements: StatementsEvidence,
  traces: TracesEvidence,
): Finding {
  const { statement } = read
  const point = chosenSize(read)
  return {
    ...cacheProposal({ practice: 'server-side-caching', read, isLoad, statements, traces }),
    title: `Nothing is kept on the server, where a cache would take ${percentText(tail.gainFraction)} off the p95`,
    facts: factsOf(read, tail),
    remedy: {
      summary: `Keep the answers of "${excerpt(statement.text, 60)}" in the process for ${msText(point.ttlMs)}, ${countText(boundOf(point))} at most.`,
      steps: [
        ...simulationSteps(read, point, isLoad),
        `Requests that miss still pay: with ${percentText(point.hitFraction)} hits the p95 goes from ${msText(tail.beforeMs)} to ${msText(tail.afterMs)}.`,
        'Begin in the process, with a bound; a server that processes share is worth its round trip once there are several of them.',
        'Forget the key where its row is written, and let the time to live be the bound where a write is missed.',
      ],
      code: {
        language: 'ts',
        before: 'await pool.query(sql, [id])',
        after: `// at the top of the module: made in a handler it would be empty for every request
const answers = new LRUCache({ max: ${boundOf(point)}, ttl: ${point.ttlMs}, fetchMethod: id => pool.query(sql, [id]) })
// where it is read:
await answers.fetch(id)`,
      },
    },
  }
}
