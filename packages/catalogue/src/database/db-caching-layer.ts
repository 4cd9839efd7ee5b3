/** Reads that ask for the same rows again and again: what a cache in front of them would answer, simulated on the reads of the window. */
import { definePractice, type Finding, findings, notApplicable, pass } from '@whetstone/model'
import type { StatementsEvidence, TracesEvidence } from '@whetstone/model'
import type { HitCurvePoint } from '../derive/cache-simulation.ts'
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
import { countText, excerpt, msText, percentText } from '../derive/figures.ts'

export const dbCachingLayer = definePractice({
  id: 'db-caching-layer',
  chapter: 'database',
  title: 'Put a cache in front of hot reads',
  why: 'The database computes the same answer for everybody who asks; a cache computes it once for all who ask within its time to live.',
  unless: [
    'The answer must never be older than the last write: money, stock, permissions.',
    'The keys of the load are not those of real users; try it with recorded traffic first.',
    'The statement can be made cheap: an index or a stored total costs nothing in freshness.',
  ],
  sources: [
    'https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala',
    'https://www.usenix.org/conference/fast15/technical-sessions/presentation/waldspurger',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg', 'load-curve'],
  thresholds: cacheableThresholds,
  remedy: {
    summary: 'Keep the answer for a short time, one load for all who ask meanwhile, and drop it on writes.',
    library: '@whetstone/runtime/cache Cache, or lru-cache with fetchMethod',
    example: {
      language: 'ts',
      before: 'const { rows } = await pool.query(sql, [id])',
      after: `const rows = await cached(\`product:\${id}\`, 60_000, () => load(id))  // bounded, one load a key
await pool.query(update, [id]); forget(\`product:\${id}\`)              // whoever writes, forgets`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'
const cache = new Cache({ maxEntries: 1_000, defaults: { ttlMs: 60_000, jitterFraction: 0.1 } })
const { rows } = await cache.getOrLoad(\`product:\${id}\`, () => pool.query(sql, [id]))
await pool.query('UPDATE products SET name = $2 WHERE id = $1', values)
cache.invalidate(\`product:\${id}\`)`,
  },
  detect({ traces, statements, pg, 'load-curve': load }, thresholds, overrides) {
    const isLoad = load !== undefined
    const judged = cacheableReads({ traces, statements, pg, isLoad }, thresholds, overrides)
    if (!judged) return notApplicable('nobody noted which keys were read')
    const found = judged.filter(isWorthCaching)
    if (found.length > 0) return findings(found.map(hot => describe(hot, isLoad, statements, traces)))
    const [heaviest] = judged
    if (!heaviest) return pass([], 'no read that a cache could answer takes much of its route')
    return pass(cacheableFacts(heaviest), `a cache would not pay here: ${heaviest.refusal}`)
  },
})

function describe(
  hot: CacheableRead,
  isLoad: boolean,
  statements: StatementsEvidence,
  traces: TracesEvidence,
): Finding {
  const { statement } = hot
  const point = chosenSize(hot)
  return {
    ...cacheProposal({ practice: 'db-caching-layer', read: hot, isLoad, statements, traces }),
    title: `A cache would answer ${percentText(point.hitFraction)} of the reads that take ${percentText(hot.routeFraction)} of the route`,
    facts: cacheableFacts(hot),
    remedy: {
      summary: `Keep the answers of "${excerpt(statement.text, 60)}" for ${msText(point.ttlMs)}, ${countText(boundOf(point))} keys at most.`,
      steps: [
        ...simulationSteps(hot, point, isLoad),
        'Forget the key where its row is written, and let the time to live be the bound where a write is missed.',
        'Keep the promise while it loads, so that a key that expires is loaded once and not by all who ask; drop it when the load fails.',
      ],
      code: { language: 'ts', before: 'await pool.query(sql, [id])', after: cacheCode(point) },
    },
  }
}

/** Without a function of its own: its parameters would need types in TypeScript, and must not have any in JavaScript. */
const cacheCode = (
  point: HitCurvePoint,
): string => `// at the top of the module: made in a handler it would be empty for every request
const kept = new Map()
// where it is read:
let entry = kept.get(id)
if (entry === undefined || entry.until < Date.now()) {
  entry = { until: Date.now() + ${point.ttlMs}, answer: pool.query(sql, [id]) }
  entry.answer.catch(() => kept.delete(id)) // a failure is not kept
  kept.set(id, entry)
  if (kept.size > ${boundOf(point)}) kept.delete(kept.keys().next().value) // the oldest
}
await entry.answer
// where its row is written, after the commit:
kept.delete(id)`
